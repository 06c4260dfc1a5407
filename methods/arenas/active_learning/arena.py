"""Which items should be labelled next, so that a classifier learns the most from few labels?

A method has a pool of 5,000 handwritten digits (MNIST), each as 128 features of a small network that has learnt to
name doodles (Quick, Draw!), and the labels of 20 of them, two of each digit. Eight times it names 20 more items, is
told their labels, and trains its classifier anew, from zero: logistic regression, unless it brings another training.
Before the first and after each answer the classifier names the same 10,000 other digits; the score is its accuracy,
mean over the kinds and over these nine points. A run is the mean of two such campaigns, from other pools and other
first labels.

In `large-batches` there are two answers of 80 in place of eight of 20. In `open-pool` five digits, drawn for the seed,
are wanted: the first labels are theirs (four of each), the test too, but half of the pool is of the other five, which
cost a label like any item and whose label says only that they are not wanted.

Features are fixed and the same for everybody, standardised by the pools and then of one length. The ridge of the
regression is the best of 0.1, 1, 10 and 100 for random asking on seeds 100 to 102, which are never scored. Strengths of
methods are their papers', or ours where the file says so; none was chosen by scores here.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from methods.arenas.active_learning.stage._checks import asks_what_is_open
from methods.arenas.active_learning.stage._data import ActiveData, active_data
from methods.arenas.active_learning.stage.task import Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial


class ActiveMethod(Method):
    """The slot: `query` is all that most fill."""

    sees_all_labels = False          # of the whole pool, from the start: an upper bound, not a contestant

    def query(self, task: Task, k: int) -> Tensor:
        """`k` different items of `task.open`, as places in the pool."""
        raise NotImplementedError

    def fit(self, task: Task) -> nn.Module:
        """A classifier from all labels so far, of what is wanted: features (M, D) to logits (M, classes). It may have
        further columns; the test does not look at them."""
        return task.logistic(*task.wanted)


class ActiveLearning(Arena):
    title = "Which items to label next"
    metrics = (
        Metric("area", "Mean accuracy", unit="%", chance=10, ceiling=100, chance_in={"open-pool": 20},
               help="of the classifiers at all points of the budget, mean over the kinds"),
        Metric("final", "Final accuracy", unit="%", chance=10, ceiling=100, chance_in={"open-pool": 20},
               help="of the last classifier, mean over the kinds"),
        Metric("worst_class", "Worst class", unit="%", ceiling=100,
               help="accuracy on the kind that the last classifier knows least, mean of the campaigns"),
        Metric("wanted_asked", "Wanted items asked", unit="%", ceiling=100,
               help="of the items named by the method, those of a wanted kind"),
    )
    settings = (
        Setting("default", "eight answers of 20", {"kinds": 10, "larger": 1}),
        Setting("large-batches", "two answers of 80", {"kinds": 10, "larger": 4}),
        Setting("open-pool", "half of the pool is of unwanted kinds", {"kinds": 5, "larger": 1}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "campaigns": 2, "pool": 400, "start": 20, "rounds": 4, "batch": 10,
                                 "test": 300, "ridge": 1.0}),
        "full": Scale(60, 2048, {"small": False, "campaigns": 2, "pool": 5000, "start": 20, "rounds": 8, "batch": 20,
                                 "test": 10_000, "ridge": 1.0}),
        "gpu": Scale(600, 8192, {"small": False, "campaigns": 4, "pool": 12_000, "start": 20, "rounds": 8, "batch": 20,
                                 "test": 20_000, "ridge": 1.0}),
    }
    slot = ActiveMethod
    baseline = "random"
    sources = (datasets.MNIST, datasets.QUICKDRAW, datasets.DIGITS)
    checks = (asks_what_is_open,)

    def data(self, trial: Trial) -> ActiveData:
        return active_data(trial)

    def run(self, method: ActiveMethod, data: ActiveData, trial: Trial) -> dict[str, float]:
        o = trial.options
        rounds, batch = max(1, o.rounds // o.larger), o.batch * o.larger
        hits: list[list[Tensor]] = []
        asked, wanted = 0, 0
        for x, y, first in zip(data.x, data.y, data.first, strict=True):
            task = Task(x, first, y[first], data.classes, trial, y if method.sees_all_labels else None)
            hits.append([])
            for turn in range(rounds + 1):
                if turn:
                    items = method.query(task, batch)
                    _require_open(items, batch, task, method.slug())
                    task.told(items, y[items])
                    asked, wanted = asked + batch, wanted + int((y[items] < data.classes).sum())
                model = method.fit(task)
                task.learnt(model)
                hits[-1].append(_right(model, data, method.slug()))
                trial.progress((len(hits) - 1 + turn / rounds) / o.campaigns, f"campaign {len(hits)}, answer {turn}")
        trial.count(labels=o.start + rounds * batch)
        points = torch.stack([torch.stack(each) for each in hits])                                # (R, points, classes)
        for turn, value in enumerate(points.mean((0, 2)).tolist()):
            trial.record(o.start + turn * batch, o.start + rounds * batch, accuracy=value)
        return {"area": points.mean().item(), "final": points[:, -1].mean().item(),
                "worst_class": points[:, -1].amin(1).mean().item(), "wanted_asked": 100 * wanted / max(asked, 1)}

    def shuffle_labels(self, data: ActiveData, generator: torch.Generator) -> ActiveData:
        dealt = [each[torch.randperm(len(each), generator=generator)] for each in data.y]
        return replace(data, y=torch.stack(dealt))


def _right(model: nn.Module, data: ActiveData, slug: str) -> Tensor:
    """Accuracy in % on each kind (classes,)."""
    with torch.no_grad():
        logits = model(data.test_x)
    if logits.shape[0] != len(data.test_y) or logits.shape[1] < data.classes or not torch.isfinite(logits).all():
        raise ValueError(f"{slug}: finite logits of {data.classes} classes are wanted for each item")
    right = (logits[:, :data.classes].argmax(1) == data.test_y).double()
    return torch.stack([100 * right[data.test_y == kind].mean() for kind in range(data.classes)])


def _require_open(items: Tensor, k: int, task: Task, slug: str) -> None:
    if items.shape != (k,) or len(items.unique()) != k or torch.isin(items, task.asked).any():
        raise ValueError(f"{slug}: {k} different items without a label are wanted")
