"""Learning new classes in sequence: which method takes them in without losing the old ones?

Fifty kinds of doodles (Quick, Draw!) arrive in ten sessions of five, 60 pictures a kind, and after every session
unseen pictures of all kinds met so far must be named, each alone, without being told the session. The network, a small
transformer on a convolutional stem, was trained once on 295 other kinds. A session's pictures are gone when it ends,
except for what a method may keep: nothing but statistics and copies of the network in the default setting, 200
pictures in `rehearsal` and in `exemplars`, where the network starts from scratch. In `blurry` the pictures come in one
pass, paid for two gradient evaluations each, and half of the kinds turn up in many sessions (Si-Blurry); in `few-shot`
thirty kinds come first and then four sessions of five kinds with five pictures each; in `few-labels` all but five
pictures of a kind are without label, and 200 may be kept.
In `weak-pretraining` the network has seen only 30 kinds. In `zero-shot` it has also been trained to agree with the
names of all kinds, those of the stream through few and partly wrong captions.

Everybody gets the same pictures in the same order, starting weights, random views, optimiser (AdamW, warm-up and
cosine in every session) and number of gradient evaluations, counted in pictures that pass a first block with
gradients; a step costs at least one batch. Passes without gradients, and fitting a classifier to stored features or
their statistics, are not counted. Classes of later sessions are known by number and name only. Test labels are never
seen.

In a loss on pictures those classes compete whose pictures a batch may hold: the session's, or all seen once pictures
are kept (`session.competing`). This is one rule for regularised, distilled, prompted and plain learners alike, so that
no one is punished for pushing down outputs that it cannot correct; a method whose paper says otherwise says so.

Rates are those of kinds of parameters (network; adapters and low-rank changes; classifier and prompts), never of a
method. `python -m bench.class_incremental_rates` chose them: the largest rate within a standard error of the best
average accuracy of three or four methods a group, on two seeds and 15 pictures a class that no measured run trains on
or is tested on. (In zero-shot these served the pretraining; nothing was chosen there.) That the largest such rate is
taken, instead of the best, was decided after the scores of those pictures were seen. Where the strengths of EWC,
SI, RWalk and PRD come from was not recorded.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.class_incremental.stage._checks import (
    answers_each_picture_alone,
    keeps_pictures_in_memory_alone,
    pays_for_its_gradients,
)
from methods.arenas.class_incremental.stage._stream import Session, Stream, StreamData, load_stream
from methods.arenas.class_incremental.stage.nets import Net, in_parts, numbers_held, only
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.seeding import seeded


class ClassIncrementalMethod(Method):
    """The slot. With no hook filled the whole network is trained on every session in turn."""

    def arrange(self, net: Net, x: Tensor, y: Tensor, order: Tensor, step: int) -> Tensor:
        """The order (C,) in which classes are taught, `step` in a session; only a method about order changes it."""
        return order

    def begin_session(self, net: Net, session: Session) -> None:
        """Called before every session (the first has number 0): set state, add parts, choose what is trained.

        Without a call of session.optimise all of the network that requires gradients is trained.
        """

    def loss(self, net: Net, session: Session) -> Tensor | None:
        """The scalar loss of the next step; None when the session needs no (more) gradient steps."""
        x, y = session.draw()
        return F.cross_entropy(only(net.head(self.features(net, x)), session.competing), y)

    def end_session(self, net: Net, session: Session) -> None:
        """Called after every session, without gradients unless switched on: keep statistics or pictures."""

    def scores(self, net: Net, x: Tensor) -> Tensor:
        """(B, C): the class with the highest score among those seen is the answer."""
        return net.head(self.features(net, x))

    def features(self, net: Net, x: Tensor) -> Tensor:
        """(B, D): what the head reads."""
        return net.features(x)


DEFAULT = {"backbone": "strong", "blurry": False, "base": 0, "shots": 0}


class ClassIncremental(Arena):
    title = "Class-incremental learning"
    metrics = (
        Metric("average_accuracy", "Average incremental accuracy", unit="%", chance=5.86, ceiling=100,
               chance_in={"few-shot": 2.58, "blurry": 2.8},
               help="mean over the sessions of the accuracy on all classes seen until then"),
        Metric("last_accuracy", "Last accuracy", unit="%", chance=2, ceiling=100,
               help="accuracy on all classes after the last session"),
        Metric("forgetting", "Forgetting", "lower", "%",
               help="mean over the classes of earlier sessions of their best accuracy minus their last"),
        Metric("harmonic_accuracy", "Harmonic accuracy", unit="%", ceiling=100,
               help="last harmonic mean of the accuracies on the first session's classes and on all later ones"),
        Metric("task_accuracy", "Accuracy when told the session", unit="%", chance=20, ceiling=100,
               chance_in={"few-shot": 16.67, "blurry": None},
               help="last accuracy when only classes that came in the same session compete"),
        Metric("transfer", "Transfer", unit="%", chance=20, ceiling=100, chance_in={"blurry": None},
               help="accuracy on the next session's classes, told the session, before it is taught"),
        Metric("memory", "Numbers kept", "lower", "thousand",
               help="numbers held after the last session (pictures, statistics, grown parts), without the network "
                    "everybody starts from"),
    )
    settings = (
        Setting("default", "pretrained network, ten sessions of five classes, no pictures kept", DEFAULT),
        Setting("rehearsal", "pretrained network, 200 pictures kept", {**DEFAULT, "buffer": 200}),
        Setting("exemplars", "network from scratch, 200 pictures kept",
                {**DEFAULT, "backbone": "none", "buffer": 200, "rate": 5e-4}),
        Setting("blurry", "one pass, classes spread over sessions, 200 pictures kept",
                {**DEFAULT, "blurry": True, "buffer": 200}),
        Setting("few-shot", "thirty classes, then four sessions of five classes with five pictures",
                {**DEFAULT, "base": 0.6, "shots": 5}),
        Setting("few-labels", "five labels a class, the other pictures without, 200 pictures kept",
                {**DEFAULT, "labels": 5, "buffer": 200}),
        Setting("zero-shot", "network that knows the classes' names from noisy captions",
                {**DEFAULT, "backbone": "captions"}),
        Setting("weak-pretraining", "network pretrained on 30 classes only", {**DEFAULT, "backbone": "weak"}),
    )
    scales = {
        "smoke": Scale(5, 1024, {
            "source": "digits", "validation": False, "width": 16, "layers": 2, "heads": 2, "classes": 6, "step": 2,
            "train": 12, "tests": 10, "labels": 8, "buffer": 12, "batch": 12, "steps": 6, "rate": 3e-3,
            "head_rate": 1e-2, "part_rate": 5e-3, "shift": 1, "pretrain": 30, "pretrain_weak": 10,
            "pretrain_captions": 5}),
        "full": Scale(90, 2048, {
            "source": "quickdraw", "validation": False, "width": 64, "layers": 3, "heads": 4, "classes": 50, "step": 5,
            "train": 60, "tests": 25, "labels": 0, "buffer": 0, "batch": 32, "steps": 32, "rate": 2e-4,
            "head_rate": 2e-2, "part_rate": 2e-3, "shift": 2, "pretrain": 3000, "pretrain_weak": 400,
            "pretrain_captions": 600}),
        "gpu": Scale(900, 8192, {
            "source": "quickdraw", "validation": False, "width": 128, "layers": 4, "heads": 4, "classes": 50, "step": 5,
            "train": 60, "tests": 25, "labels": 0, "buffer": 0, "batch": 64, "steps": 128, "rate": 2e-4,
            "head_rate": 2e-2, "part_rate": 2e-3, "shift": 2, "pretrain": 3000, "pretrain_weak": 400,
            "pretrain_captions": 600}),
    }
    slot = ClassIncrementalMethod
    baseline = "fine-tune"
    sources = (datasets.QUICKDRAW, datasets.DIGITS)
    checks = (pays_for_its_gradients, keeps_pictures_in_memory_alone, answers_each_picture_alone)

    def data(self, trial: Trial) -> StreamData:
        return load_stream(trial)

    def run(self, method: ClassIncrementalMethod, data: StreamData, trial: Trial) -> dict[str, float]:
        o = trial.options
        with seeded(trial.seed, torch.device("cpu")):
            net = Net(data.x.shape[-1], o.width, o.layers, o.heads, o.classes)
        if o.backbone != "none":
            state = {name: torch.from_numpy(np.array(value)) for name, value in data.state.items()}
            net.load_state_dict({**net.state_dict(), **state})
        net.to(trial.device)
        net.text.requires_grad_(False)
        at_start = numbers_held(net)
        passed = [0]

        def count(module, inputs):
            passed[0] += len(inputs[0]) * torch.is_grad_enabled()

        counter = net.blocks[0].register_forward_pre_hook(count)
        stream = Stream(method.arrange, net, data, trial)
        accuracy, groups, transfer = [], [], []
        for session in stream:
            groups.append(session.new)
            if session.number and len(session.new):
                rows = torch.isin(data.test_y, session.new)
                scores = self._scores(method, net, data.test_x[rows])
                transfer.append(self._told(scores, data.test_y[rows], [session.new]))
            method.begin_session(net, session)
            net.to(trial.device)
            if session.optimizer is None:
                rates = ((net.backbone(), o.rate), (net.head.parameters(), o.head_rate))
                session.optimise(*(([p for p in params if p.requires_grad], rate) for params, rate in rates))
            loss = self._teach(method, net, session, trial, passed)
            passed[0] = 0
            with torch.no_grad():
                method.end_session(net, session)
            trial.count(gradients=passed[0] / o.batch)
            rows = torch.isin(data.test_y, session.seen)
            scores, truth = self._scores(method, net, data.test_x[rows]), data.test_y[rows]
            found, margin = self._accuracy(scores, truth, session.seen)
            accuracy.append(found)
            trial.record(session.number + 1, stream.sessions, accuracy=100 * found[session.seen].mean(),
                         margin=margin, loss=loss)
        counter.remove()
        final, first, later = accuracy[-1], groups[0], torch.cat(groups[1:])
        best = torch.stack(accuracy).nan_to_num(-1).amax(0)
        earlier = torch.cat(groups[:-1])
        base, rest = final[first].mean().item(), final[later].mean().item()
        held = numbers_held(net, vars(method), stream.memory) - at_start
        return {
            "average_accuracy": float(np.mean([point["accuracy"] for point in trial.curve])),
            "last_accuracy": 100 * final.mean(), "forgetting": 100 * (best - final)[earlier].mean(),
            "harmonic_accuracy": 200 * base * rest / max(base + rest, 1e-9),
            "task_accuracy": self._told(scores, truth, [g for g in groups if len(g)]),
            "transfer": float(np.mean(transfer)), "memory": max(held, 0) / 1000}

    @staticmethod
    def _teach(method, net, session, trial, passed) -> float:
        """The gradient steps of one session; returns the last loss, 0 without one."""
        last = 0.0
        while session.spent < session.budget:
            session.schedule()
            net.zero_grad(set_to_none=True)
            passed[0] = 0
            with torch.enable_grad():
                loss = method.loss(net, session)
                if loss is None:
                    break
                if not torch.isfinite(loss):
                    raise ValueError(f"{method.slug()}: the loss is {loss.item()} in session {session.number}")
                loss.backward()
            nn.utils.clip_grad_norm_([p for g in session.optimizer.param_groups for p in g["params"]], 5.0)
            session.optimizer.step()
            cost = max(passed[0], trial.options.batch)
            session.spent += cost
            last = loss.item()
            trial.count(gradients=cost / trial.options.batch, steps=1)
        if session.number + 1 == session.sessions:
            trial.count(parameters=sum(p.numel() for p in session.trained) if session.spent else 0)
        return last

    @staticmethod
    def _scores(method, net, x: Tensor) -> Tensor:
        """(N, C) the method's scores of pictures x, finite."""
        return in_parts(lambda part: method.scores(net, part), x).nan_to_num(neginf=-1e8)

    @staticmethod
    def _accuracy(scores: Tensor, y: Tensor, seen: Tensor) -> tuple[Tensor, float]:
        """(C,) share of each seen class's test pictures named rightly, NaN for the others; and the mean lead of the
        right class's score over the best wrong one."""
        scores = only(scores, seen)
        answer, right = scores.argmax(1), scores.gather(1, y[:, None])[:, 0]
        margin = right - scores.scatter(1, y[:, None], -torch.inf).amax(1)
        hits = torch.zeros(scores.shape[1], device=y.device).index_add_(0, y, (answer == y).float())
        total = torch.bincount(y, minlength=scores.shape[1])
        return hits / torch.where(total > 0, total.float(), torch.nan), margin.mean().item()

    @staticmethod
    def _told(scores: Tensor, y: Tensor, groups: list[Tensor]) -> float:
        """Mean accuracy in % over groups of classes when only the classes of the group compete."""
        found = []
        for group in groups:
            rows = torch.isin(y, group)
            found.append((only(scores[rows], group).argmax(1) == y[rows]).float().mean().item())
        return 100 * float(np.mean(found))

    def shuffle_labels(self, data: StreamData, generator: torch.Generator) -> StreamData:
        return replace(data, x=data.x[torch.randperm(len(data.x), generator=generator).to(data.x.device)])
