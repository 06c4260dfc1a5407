"""What of a teacher helps a small student?

Ten kinds of clothing (Fashion-MNIST). A teacher, a convolutional network with 20,000 labelled pictures of its own,
names 87 % of new ones rightly. A student of some 10,000 weights sees none of these, but 100 labelled pictures and
10,000 without labels, and what the teacher says of each: logits, features, and its network, frozen. It is asked about
10,000 others. Everybody trains 300 steps of 64 pictures with AdamW at one rate (warm-up, then a cosine), without
augmentation; in a step a method draws labelled pictures, any pictures, or both. Batch normalisation's statistics are
set by 2,000 training pictures after training. Weights of losses are the papers' or ours, as each file says; none was
chosen by scores, and the rate is the same for all.

In `weak-teacher` a small teacher of 100 labels names 64 % and the student, four times as wide, can tell doodles apart
(Quick, Draw!). In `peers` the student is trained already and the teacher a weaker network with the same labels. In
`many-teachers` two more have seen no labels (SimCLR, an autoencoder), and features differ a hundredfold in scale. In
`shifted-student` all pictures of the student are turned by 17 degrees, which the teacher has never seen: it names 60 %
of them. In `transformer` the teacher is a transformer on 16 patches, pretrained by hiding patches (MAE). In `attention`
the student is one as well, there are 1,000 labels, and the pretrained transformer without labels is a second teacher;
there pretraining turned out to be worth nothing at this size (fine-tuned it names 76 % rightly, from scratch 77 %), so
what is said of attention needs scale and is not judged.

Teachers are trained once and kept: five of each kind, of the slow kinds (transformers, SimCLR, autoencoder) two, dealt
to the seeds in turn, so that what differs between teachers is seen less often than the seeds suggest.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.distillation.stage._data import DistillationData, distillation_data
from methods.arenas.distillation.stage.task import Batch, Task, soft
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.student_nets import Said
from methods.kit.training import minibatches

PLAIN = {"more_labels": 1, "look": "plain", "start": "", "teachers": (("strong", 1.0),), "student": (4, 32)}


class DistillationMethod(Method):
    """The slot: `loss` is all that most fill. Without it the student learns the teacher's probabilities."""

    labelled = 0.0                   # share of each batch that is drawn from the labelled pictures
    sees_all_labels = False          # an upper bound, not a contestant

    def student(self, task: Task) -> nn.Module:
        """What is trained, asked and counted."""
        return task.student()

    def prepare(self, student: nn.Module, task: Task) -> nn.Module | None:
        """Called once before training: what is to be trained beside the student and left behind."""
        return None

    def choose(self, task: Task) -> Tensor:
        """Rows of the training pictures that may be learnt from without their labels."""
        return torch.arange(len(task.x))

    def loss(self, student: nn.Module, batch: Batch, task: Task) -> Tensor:
        """The scalar loss of a batch."""
        return soft(student(batch.x).logits, batch.taught[0].logits).mean()

    def imagine(self, student: nn.Module, x: Tensor, task: Task) -> list[Tensor] | None:
        """What each teacher's features of pictures would be; None leaves it to a linear map of the student's."""
        return None


class Distillation(Arena):
    title = "Distillation"
    metrics = (
        Metric("nll", "Negative log-likelihood", "lower", "nats", chance=math.log(10), ceiling=0,
               help="of the true class, mean over test pictures"),
        Metric("accuracy", "Accuracy", unit="%", chance=10, ceiling=100, help="test pictures named rightly"),
        Metric("agreement", "Agreement", unit="%", chance=10, ceiling=100,
               help="test pictures that student and first teacher name alike"),
        Metric("feature_error", "Feature error", "lower", "%", chance=100, ceiling=0,
               help="squared error of the teachers' features as the student tells them, in % of their variance, mean "
                    "over teachers; told by a linear map of the student's own where a method brings no other"),
    )
    settings = (
        Setting("default", "100 labels and 10,000 pictures without", PLAIN),
        Setting("weak-teacher", "a small teacher of 100 labels, a student that knows doodles",
                {**PLAIN, "teachers": (("weak", 1.0),), "student": (16, 128), "start": "doodles"}),
        Setting("peers", "a trained student and a weaker trained teacher",
                {**PLAIN, "teachers": (("peer", 1.0),), "student": (8, 32), "start": "start", "rate": 3e-4}),
        Setting("many-teachers", "three teachers whose features differ a hundredfold in scale",
                {**PLAIN, "teachers": (("strong", 1.0), ("simclr", 10.0), ("autoencoder", 0.1))}),
        Setting("shifted-student", "the student's pictures are turned, the teacher's were not",
                {**PLAIN, "look": "turned"}),
        Setting("transformer", "the teacher is a transformer", {**PLAIN, "teachers": (("vit", 1.0),)}),
        Setting("attention", "student and teachers are transformers, 1,000 labels",
                {**PLAIN, "more_labels": 10, "teachers": (("vit", 1.0), ("mae", 1.0)), "student": "patches"}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "labels": 30, "unlabelled": 300, "val": 100, "test": 200, "batch": 32,
                                 "steps": 30, "rate": 1e-2, "decay": 0.01, "fitted": 100}),
        "full": Scale(60, 2048, {"small": False, "labels": 100, "unlabelled": 10_000, "val": 4000, "test": 10_000,
                                 "batch": 64, "steps": 300, "rate": 3e-3, "decay": 0.01, "fitted": 2000}),
        "gpu": Scale(600, 8192, {"small": False, "labels": 100, "unlabelled": 15_000, "val": 2000, "test": 12_000,
                                 "batch": 256, "steps": 4000, "rate": 3e-3, "decay": 0.01, "fitted": 4000}),
    }
    slot = DistillationMethod
    baseline = "kd"
    sources = (datasets.FASHION_MNIST, datasets.QUICKDRAW, datasets.DIGITS)

    def data(self, trial: Trial) -> DistillationData:
        return distillation_data(trial)

    def run(self, method: DistillationMethod, data: DistillationData, trial: Trial) -> dict[str, float]:
        o = trial.options
        told = [Said(lesson.logits, lesson.features) for lesson in data.lessons]
        task = Task(data.x, data.y, data.truth if method.sees_all_labels else None,
                    [lesson.net for lesson in data.lessons], told, data.start, trial)
        student = method.student(task)
        beside = method.prepare(student, task)
        student.train()
        trained = [p for module in (student, beside) if module is not None for p in module.parameters()
                   if p.requires_grad]
        if trained:
            self._train(method, student, trained, task, data, trial)
            settle(student, data.x[:o.fitted])
        trial.count(parameters=sum(p.numel() for p in student.parameters()))
        return self._scores(method, student, task, data)

    def _train(self, method, student, trained, task: Task, data: DistillationData, trial: Trial) -> None:
        o = trial.options
        first = round(method.labelled * o.batch)
        optimizer = torch.optim.AdamW(trained, o.rate, weight_decay=o.decay)
        rows = method.choose(task).to(trial.device)
        some = minibatches(len(data.y), max(first, 1), o.steps, trial.generator("labelled"))
        more = minibatches(len(rows), max(o.batch - first, 1), o.steps, trial.generator("pictures"))
        for step, (few, many) in enumerate(zip(some, more, strict=True)):
            task.progress = step / o.steps
            optimizer.param_groups[0]["lr"] = o.rate * min(1, (step + 1) / (0.1 * o.steps)) * 0.5 * (
                1 + math.cos(math.pi * step / o.steps))
            at = torch.cat([few[:first].to(trial.device), rows[many.to(trial.device)][:o.batch - first]])
            batch = Batch(data.x[at], at, data.y[at[:first]],
                          tuple(Said(said.logits[at], said.features[at]) for said in task.told))
            value = method.loss(student, batch, task)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            trial.count(pictures=len(at))
            if step % max(1, o.steps // 20) == 0 or step == o.steps - 1:
                trial.record(step + 1, o.steps, loss=value.item())

    def _scores(self, method, student, task: Task, data: DistillationData) -> dict[str, float]:
        student.eval()
        with torch.no_grad():
            said = [student(x) for x in data.test_x.split(1000)]
            logits, features = torch.cat([s.logits for s in said]), torch.cat([s.features for s in said])
            imagined = [method.imagine(student, x, task) for x in data.test_x.split(1000)]
            if imagined[0] is None:
                some = student(data.x[:task.options.fitted]).features
                told = [linear(some, lesson.features[:len(some)], features) for lesson in data.lessons]
            else:
                told = [torch.cat(parts) for parts in zip(*imagined, strict=True)]
        errors = [(guess - lesson.test_features).square().sum() /
                  (lesson.test_features - lesson.test_features.mean(0)).square().sum()
                  for guess, lesson in zip(told, data.lessons, strict=True)]
        named = logits.argmax(1)
        return {"nll": F.cross_entropy(logits, data.test_y).item(),
                "accuracy": 100 * (named == data.test_y).double().mean().item(),
                "agreement": 100 * (named == data.lessons[0].test_logits.argmax(1)).double().mean().item(),
                "feature_error": 100 * torch.stack(errors).mean().item()}

    def shuffle_labels(self, data: DistillationData, generator: torch.Generator) -> DistillationData:
        """Labels and what teachers say are dealt to other pictures, and a start's head loses its order."""
        order = torch.randperm(len(data.x), generator=generator)
        few = torch.randperm(len(data.y), generator=generator)
        start = {name: value.flatten()[torch.randperm(value.numel(), generator=generator)].view_as(value)
                 if name.startswith("head") else value for name, value in data.start.items()}
        lessons = tuple(replace(each, logits=each.logits[order], features=each.features[order])
                        for each in data.lessons)
        return replace(data, y=data.y[few], truth=data.truth[order], lessons=lessons, start=start)


@torch.no_grad()
def settle(net: nn.Module, x: Tensor) -> None:
    """Batch normalisation's statistics set by one pass over pictures, whatever batches the training had."""
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None             # the mean over all batches
    net.train()
    if norms:
        for part in x.split(250):
            net(part)


def linear(x: Tensor, y: Tensor, asked: Tensor) -> Tensor:
    """Least squares from x (N, K) to y (N, D), told of other rows."""
    mean, wanted = x.mean(0), y.mean(0)
    x = (x - mean).double()
    ridge = 1e-3 * x.square().sum() / x.shape[1] * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    weights = torch.linalg.solve(x.T @ x + ridge, x.T @ (y - wanted).double())
    return ((asked - mean).double() @ weights).to(y.dtype) + wanted
