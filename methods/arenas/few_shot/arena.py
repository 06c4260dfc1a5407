"""How well can kinds of drawings be told apart that only a few drawings of each, and a name, stand for?

A small network has learnt to name 200 of the 345 kinds of drawings in Quick, Draw!; its 128 features are fixed and the
same for everybody. An episode has 20 kinds that it never saw, five drawings of each, their names, as vectors of a
sentence encoder (all-MiniLM-L6-v2), and 15 more drawings of each to be named. A run is 300 episodes out of 100 kinds,
90,000 answers. Episodes of 45 other kinds, with answers, are there to choose strengths on; the drawings that trained
the network are there too. Kinds are split in five ways, each with a network of its own; the seed takes one of them.

In `one-shot` there is one drawing of each kind. In `other-domain` the drawings of the episodes, also those to choose
strengths on, have thick dark strokes on light ground, which the network never saw. In `unbalanced-queries` how many of
the 300 queries are of a kind is drawn anew, so that methods that use the queries together cannot count on 15.

Whoever chooses a strength chooses it by accuracy on the validation episodes of the run, from a grid in its file.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.few_shot.stage._checks import answers_each_query_alone
from methods.arenas.few_shot.stage._data import FewShotData, few_shot_data
from methods.arenas.few_shot.stage.task import Asked, Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import MINILM

SAME = {"shots": 5, "look": "plain", "balanced": True}


class FewShotMethod(Method):
    """The slot. An instance keeps what `prepare` has found for `classify`."""

    transductive = False             # uses the queries of an episode together
    sees_many = False                # the means of all other drawings of the kinds: an upper bound, not a contestant

    def prepare(self, task: Task) -> None:
        """Called once, before the episodes."""

    def classify(self, asked: Asked, task: Task) -> Tensor:
        """Logits (E, Q, W) of the queries of some episodes."""
        raise NotImplementedError


class FewShot(Arena):
    title = "Few drawings of each kind"
    metrics = (
        Metric("accuracy", "Accuracy", unit="%", chance=5, ceiling=100, help="queries named rightly"),
        Metric("hard_episodes", "Accuracy of hard episodes", unit="%", chance=5, ceiling=100,
               help="mean of the tenth of the episodes in which it is lowest"),
    )
    settings = (
        Setting("default", "five drawings of each kind", SAME),
        Setting("one-shot", "one drawing of each kind", {**SAME, "shots": 1}),
        Setting("other-domain", "thick dark strokes on light ground", {**SAME, "look": "thick"}),
        Setting("unbalanced-queries", "kinds are asked unequally often", {**SAME, "balanced": False}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "ways": 3, "queries": 6, "episodes": 20, "validation": 8, "chunk": 10}),
        "full": Scale(60, 2048, {"small": False, "ways": 20, "queries": 15, "episodes": 300, "validation": 60,
                                 "chunk": 50}),
        "gpu": Scale(300, 8192, {"small": False, "ways": 20, "queries": 15, "episodes": 4000, "validation": 400,
                                 "chunk": 100}),
    }
    slot = FewShotMethod
    baseline = "nearest-mean"
    sources = (datasets.QUICKDRAW, datasets.DIGITS, MINILM)
    checks = (answers_each_query_alone,)

    def data(self, trial: Trial) -> FewShotData:
        return few_shot_data(trial)

    def run(self, method: FewShotMethod, data: FewShotData, trial: Trial) -> dict[str, float]:
        o, test = trial.options, data.test
        task = Task(data.base_x, data.base_y, data.base_names, data.validation, trial)
        method.prepare(task)
        right: list[Tensor] = []
        for start in range(0, len(test), o.chunk):
            part = test.part(start, start + o.chunk)
            asked = Asked(part.support, part.query, part.names, part.many if method.sees_many else None)
            logits = method.classify(asked, task)
            if logits.shape != (*part.y.shape, part.support.shape[1]) or not torch.isfinite(logits).all():
                raise ValueError(f"{method.slug()}: finite logits of {part.support.shape[1]} kinds are wanted")
            right.append((logits.argmax(2) == part.y).double().mean(1))
            trial.record(start + len(part), len(test), accuracy=100 * right[-1].mean().item())
            trial.count(episodes=len(part))
        each = 100 * torch.cat(right)
        return {"accuracy": each.mean().item(),
                "hard_episodes": each.sort().values[:max(1, len(each) // 10)].mean().item()}

    def shuffle_labels(self, data: FewShotData, generator: torch.Generator) -> FewShotData:
        """The kinds of the support drawings, names and means dealt anew in every episode, apart from the answers."""
        test = data.test
        order = torch.stack([torch.randperm(test.support.shape[1], generator=generator) for _ in range(len(test))])
        row = torch.arange(len(test))[:, None]
        return replace(data, test=replace(test, support=test.support[row, order], names=test.names[row, order],
                                          many=test.many[row, order]))
