"""Which way of using unlabelled target data carries a classifier across a real shift?

A network learns digits printed in 59 typefaces and must then read handwritten ones (MNIST). It is first trained on
the labelled printed digits in the same way for everybody; then a method gets an equal budget, with 1,000
handwritten digits without labels, to bring it across. In `source-free` the printed digits are gone by then;
in `test-time` there is nothing but a stream of test batches of 50, each answered right after it came, and of 8 in
`small-batch`; in `one-shot` there is one unlabelled handwritten digit. In `universal` each side has classes of its
own, and digits of classes never taught must be refused as unknown. In `active` a method buys 30 target labels in three
rounds and in `few-shot` 30 labels at once, both source-free. In `continual` the target changes three times.
In `paired` the target is noisy handwriting, source-free, and each picture comes with a clean one of the same digit.
`emoji` asks for the group of an emoji drawn by another vendor, `sentiment` for the verdict of short reviews
of another site, and `news` is `universal` with the topics of later news stories.

Everybody gets the same starting weights and source training (kept between runs, and not in a run's seconds), the same
pictures, and the same optimiser (Adam) at one constant rate, a quarter of the source training's, for all methods and
settings; no run chooses anything on target labels. The budget is 600 batches of pictures that pass the network with
gradients (300 for each of three domains in `continual`). A step costs what passes in it, source and target alike, at
least a batch, so that who needs several batches takes fewer steps; what passes before the first step counts too, and
schedules follow the budget. In a stream each picture that arrives pays for passing one: who passes a picture three
times steps on every third batch. Passes without gradients are free but reported. Target labels are never seen unless
bought, and then counted; the unlabelled pictures are none of the test's, except in a stream. Where a method does not
say itself which pictures are unknown, those are whose highest probability is under one half.

Made with a look at the target: how strong the changes of `continual` and `paired` are was set by how far the source
network falls on the test of seed 0, and a teacher's batch statistics (mean teacher, LPLD, WSCoL) are the target batch's
because that did best of three ways there. Why the rate is what it is was not recorded.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.domain_adaptation.stage._checks import pays_for_its_gradients, sees_only_what_is_shown
from methods.arenas.domain_adaptation.stage._data import Domain, DomainData, gathered
from methods.arenas.domain_adaptation.stage._source import source_weights, train, untrained
from methods.arenas.domain_adaptation.stage._task import Meter, Task, chosen_rows, step
from methods.arenas.domain_adaptation.stage.nets import DomainNet
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import EMOJI_NAMES, EMOJI_STYLES, FONTS
from methods.kit.training import count_parameters

ORDINARY = {"task": "digits", "source_free": False, "stream": 0, "one_shot": False, "private": False, "labels": 0,
            "rounds": 1, "domains": ("plain",), "pairs": False, "share": 1.0}


class DomainAdaptationMethod(Method):
    """The slot. With no hook filled, source training goes on where there is a source, and bought labels are used."""

    def begin(self, net: DomainNet, task: Task) -> None:
        """Called at every new domain, the network trained on the source: set state, choose what is trained.

        Without a call of task.optimise the whole network is trained.
        """

    def choose(self, net: DomainNet, task: Task, many: int) -> Tensor:
        """`many` rows of task.unlabelled whose labels to buy; only called where labels are sold."""
        left = torch.ones(len(task.unlabelled), dtype=torch.bool)
        left[task.bought.to(left.device)] = False
        rows = left.nonzero()[:, 0]
        return rows[torch.randperm(len(rows), generator=task.random)[:many]]

    def loss(self, net: DomainNet, task: Task) -> Tensor | None:
        """The scalar loss of the next step; None when there is nothing (more) to learn from."""
        return self.supervised(net, task)

    def end(self, net: DomainNet, task: Task) -> None:
        """Called, without gradients, when the budget is spent; in a stream after every batch."""

    def scores(self, net: DomainNet, x: Tensor) -> Tensor:
        """(B, C), or (B, C + 1) with unknown as the last, for one test batch; net is in evaluation mode."""
        return net(x)

    def supervised(self, net: DomainNet, task: Task) -> Tensor | None:
        """Cross-entropy on a source batch and on the bought labels, as far as there are any."""
        losses = []
        if not task.source_free:
            x, y = task.source()
            losses.append(F.cross_entropy(net(x), y))
        if len(task.bought) > 1:
            x, y = task.labelled()
            losses.append(F.cross_entropy(net(x), y))
        return torch.stack(losses).sum() if losses else None


class DomainAdaptation(Arena):
    title = "Domain adaptation"
    metrics = (
        Metric("target_accuracy", "Target accuracy", unit="%", chance=10, ceiling=100,
               chance_in={"universal": 20.9, "emoji": 14.2, "sentiment": 50, "news": 15.1},
               help="on unseen target pictures right after adapting to their domain (in a stream: at once); unknown "
                    "counts as one more answer where classes are private. Chance is guessing each class as often as "
                    "it comes; where classes are private, what source-only reaches on shuffled labels (three seeds)"),
        Metric("h_score", "H-score", unit="%", ceiling=100,
               help="harmonic mean of the accuracy on taught classes and on unknown ones; without unknown ones it is "
                    "the target accuracy"),
        Metric("source_accuracy", "Source accuracy", unit="%", ceiling=100, help="after all adaptation"),
        Metric("worst_class", "Accuracy on the worst class", unit="%", ceiling=100, help="of the last target domain"),
        Metric("kept_accuracy", "Kept accuracy", unit="%", ceiling=100,
               help="at the end, averaged over all target domains"),
        Metric("future_accuracy", "Accuracy ahead", unit="%", ceiling=100,
               help="averaged over the domains that come next; with a single domain it is the target accuracy"),
    )
    settings = (
        Setting("default", "printed digits with labels, handwritten ones without", ORDINARY),
        Setting("source-free", "the source pictures are gone", {**ORDINARY, "source_free": True}),
        Setting("test-time", "a stream of batches of 50", {**ORDINARY, "source_free": True, "stream": 50}),
        Setting("small-batch", "a stream of batches of 8", {**ORDINARY, "source_free": True, "stream": 8}),
        Setting("one-shot", "one unlabelled target picture", {**ORDINARY, "one_shot": True}),
        Setting("universal", "private classes on both sides", {**ORDINARY, "private": True}),
        Setting("active", "thirty labels bought in three rounds, source-free",
                {**ORDINARY, "source_free": True, "labels": 30, "rounds": 3}),
        Setting("few-shot", "thirty labels bought at once, source-free",
                {**ORDINARY, "source_free": True, "labels": 30}),
        Setting("continual", "three target domains in turn, source-free",
                {**ORDINARY, "source_free": True, "domains": ("plain", "noise", "fade"), "share": 0.5}),
        Setting("paired", "noisy targets with clean partners, source-free",
                {**ORDINARY, "source_free": True, "domains": ("noise",), "pairs": True}),
        Setting("emoji", "groups of emoji, from Noto to Twemoji", {**ORDINARY, "task": "emoji"}),
        Setting("sentiment", "from long reviews to short ones of another site", {**ORDINARY, "task": "sentiment"}),
        Setting("news", "topics of later news, private topics on both sides",
                {**ORDINARY, "task": "news", "private": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {**ORDINARY, "small": True, "width": 6, "train": 150, "unlabelled": 80, "tests": 60,
                                 "batch": 16, "first_steps": 40, "first_rate": 8e-3, "gradients": 18, "rate": 2e-3}),
        "full": Scale(90, 2048, {**ORDINARY, "small": False, "width": 16, "train": 1300, "unlabelled": 1000,
                                 "tests": 1000, "batch": 64, "first_steps": 300, "first_rate": 2e-3,
                                 "gradients": 600, "rate": 5e-4}),
        "gpu": Scale(600, 8192, {**ORDINARY, "small": False, "width": 64, "train": 10_000, "unlabelled": 3000,
                                 "tests": 4000, "batch": 64, "first_steps": 1500, "first_rate": 1e-3,
                                 "gradients": 6000, "rate": 3e-4}),
    }
    slot = DomainAdaptationMethod
    baseline = "source-only"
    sources = (datasets.MNIST, datasets.MOVIE_REVIEWS, datasets.REUTERS, datasets.DIGITS, EMOJI_NAMES,
               *EMOJI_STYLES.values(), *(source for _, source in FONTS))
    checks = (pays_for_its_gradients, sees_only_what_is_shown)

    def data(self, trial: Trial) -> DomainData:
        data = gathered(trial)
        return replace(data, start=source_weights(data, trial.options, trial.seed))

    def run(self, method: DomainAdaptationMethod, data: DomainData, trial: Trial) -> dict[str, float]:
        o = trial.options
        net = untrained(data, o.width, trial.seed)
        net.load_state_dict(data.start or train(data, o, trial.seed))
        net.to(trial.device)
        meter = Meter(net)
        trial.count(parameters=count_parameters(net))
        hits, future = [], []
        for number, domain in enumerate(data.domains):
            task = Task(data, domain, number, trial)
            net.train()
            method.begin(net, task)
            if task.optimizer is None:
                task.optimise((net.parameters(), 1.0))
            adapt = self._stream if o.stream else self._adapt
            hits.append(adapt(method, net, task, domain, trial, meter).eq(domain.test_y))
            future += [self._accuracy(method, net, later, data.classes) for later in data.domains[number + 1:]]
            trial.count(steps=task.step)
        trial.count(gradients=meter.total[0] / o.batch, forwards=meter.total[1] / o.batch)
        meter.remove()
        accuracy = 100 * float(np.mean([hit.float().mean().item() for hit in hits]))
        kept = [accuracy] if len(hits) == 1 else [self._accuracy(method, net, domain, data.classes)
                                                  for domain in data.domains]
        y = data.domains[-1].test_y
        a, b = (hits[-1][part].float().mean().item() if part.any() else None for part in (y < data.classes,
                                                                                         y == data.classes))
        there = replace(data.domains[-1], test_x=data.test_x, test_y=data.test_y)
        return {
            "target_accuracy": accuracy,
            "h_score": accuracy if b is None else 100 * 2 * a * b / max(a + b, 1e-9),
            "source_accuracy": self._accuracy(method, net, there, data.classes),
            "worst_class": 100 * min(hits[-1][y == c].float().mean().item() for c in y.unique()),
            "kept_accuracy": float(np.mean(kept)),
            "future_accuracy": float(np.mean(future)) if future else accuracy,
        }

    def _adapt(self, method, net: DomainNet, task: Task, domain: Domain, trial: Trial, meter: Meter) -> Tensor:
        o, told = trial.options, 0
        before, total = task.number * task.budget, task.budget * task.domains
        task.spent = meter.since()
        for turn in range(o.rounds):
            if o.labels:
                many = o.labels * (turn + 1) // o.rounds - o.labels * turn // o.rounds
                with torch.no_grad():
                    task.buy(chosen_rows(method.choose(net, task, many), many, task))
            while task.spent < task.budget * (turn + 1) / o.rounds:
                loss = step(method, net, task)
                task.spent += max(meter.since(), o.batch)
                if task.progress * 10 >= told + 1:
                    told = int(task.progress * 10)
                    done = before + min(task.spent, task.budget)
                    trial.record(round(done / o.batch), round(total / o.batch), loss=loss)
        with torch.no_grad():
            method.end(net, task)
        answers = self._answers(method, net, domain, task.classes)
        trial.record(round((before + task.budget) / o.batch), round(total / o.batch),
                     accuracy=100 * answers.eq(domain.test_y).float().mean().item())
        return answers

    def _stream(self, method, net: DomainNet, task: Task, domain: Domain, trial: Trial, meter: Meter) -> Tensor:
        came, loss, answers = 0, 0.0, []
        task.spent = meter.since()
        for number, x in enumerate(domain.test_x.split(trial.options.stream)):
            task.unlabelled, came = x, came + len(x)
            if task.spent < came:
                loss = step(method, net, task)
                task.spent += max(meter.since(), len(x))
            with torch.no_grad():
                method.end(net, task)
            answers.append(self._answers(method, net, replace(domain, test_x=x), task.classes))
            if number % 5 == 0 or came == len(domain.test_x):
                trial.record(came, len(domain.test_x), loss=loss)
        return torch.cat(answers)

    def _accuracy(self, method, net: DomainNet, domain: Domain, classes: int) -> float:
        return 100 * self._answers(method, net, domain, classes).eq(domain.test_y).float().mean().item()

    @torch.no_grad()
    def _answers(self, method, net: DomainNet, domain: Domain, classes: int) -> Tensor:
        """(N,) classes, `classes` for unknown, asked for in batches of 100."""
        net.eval()
        found = []
        for x in domain.test_x.split(100):
            scores = method.scores(net, x)
            if scores.shape[1] == classes and (domain.test_y == classes).any():
                p = scores.softmax(1)
                found.append(p.argmax(1).masked_fill(p.amax(1) < 0.5, classes))
            else:
                found.append(scores.argmax(1))
        return torch.cat(found)

    def shuffle_labels(self, data: DomainData, generator: torch.Generator) -> DomainData:
        mixed = torch.randperm(len(data.y), generator=generator).to(data.y.device)
        domains = tuple(replace(d, y=d.y[torch.randperm(len(d.y), generator=generator).to(d.y.device)])
                        for d in data.domains)
        return replace(data, y=data.y[mixed], domains=domains, start=None)


SOURCE_GONE = {f"setting:{setting.name}": "learns from source pictures, which are gone here"
               for setting in DomainAdaptation.settings if setting.options["source_free"]}     # waivers for cards
