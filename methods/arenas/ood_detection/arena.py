"""Which drawings should a classifier not be trusted on?

A classifier has learnt to tell 40 kinds of drawings (Quick, Draw!), 60 of each; a drawing is 96 features of a network
trained on ImageNet (EfficientNet-Lite0, whitened principal parts), the classifier has one hidden layer of 128. It is
then asked about 1,600 other drawings of these kinds and 3,000 of 100 kinds that it does not know. A method gives every
drawing a score, the higher the more normal; what counts is how well scores put known kinds above unknown ones (AUROC).
So unknown kinds are unknown to the classifier, and not to ImageNet.

In `few-kinds` five kinds are known, and the score is the mean over four such groups. In `misclassified` only known
kinds are asked, and drawings that the classifier names rightly are to be above those that it names wrongly.

Everybody judges the same classifier and learns from the same drawings. Numbers of steps, of neighbours and the like are
the papers' or ours, as each file says: none was tuned here.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import mean

import torch
from torch import Tensor

from methods.arenas.ood_detection.stage._checks import judges_each_alone
from methods.arenas.ood_detection.stage._data import Group, groups
from methods.arenas.ood_detection.stage._scores import told_apart
from methods.arenas.ood_detection.stage.task import Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import EFFICIENTNET_LITE0

MANY = {"groups": 1, "known": 40, "unknown": 100, "train": 60, "asked": 40, "asked_unknown": 30}
FEW = {**MANY, "groups": 4, "known": 5, "unknown": 100, "asked_unknown": 10}
SMALL = {"groups": 1, "known": 5, "unknown": 3, "train": 20, "asked": 20, "asked_unknown": 20}


class OodDetectionMethod(Method):
    """The slot. An instance keeps what `fit` has found for `score`."""

    by_lot = False                  # scores are drawn, so that they differ when asked again
    sees_unknown = False            # given other drawings of the unknown kinds: an upper bound, not a contestant

    def fit(self, task: Task) -> None:
        """What is to be learnt of the known drawings, beside the classifier."""

    def score(self, x: Tensor, task: Task) -> Tensor:
        """(N,) of drawings (N, W), the higher the more normal."""
        raise NotImplementedError


class OodDetection(Arena):
    title = "Kinds that a classifier does not know"
    metrics = (
        Metric("auroc", "AUROC", unit="%", chance=50, ceiling=100,
               help="pairs of a normal drawing and another in which the normal one scores higher"),
        Metric("fpr95", "Passed at 95 %", better="lower", unit="%", chance=95, ceiling=0,
               help="share of the others that pass where 95 % of normal drawings do"),
    )
    settings = (
        Setting("default", "40 known kinds, 100 unknown", {"sizes": "many", "wrong": False}),
        Setting("few-kinds", "five known kinds, four times", {"sizes": "few", "wrong": False}),
        Setting("misclassified", "right against wrong answers", {"sizes": "many", "wrong": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "hidden": 16, "steps": 30, "shorter": 10, "many": SMALL,
                                 "few": {**SMALL, "known": 3}}),
        "full": Scale(30, 2048, {"small": False, "hidden": 128, "steps": 300, "shorter": 1, "many": MANY, "few": FEW}),
        "gpu": Scale(300, 8192, {"small": False, "hidden": 1024, "steps": 3000, "shorter": 1, "many": MANY,
                                 "few": FEW}),
    }
    slot = OodDetectionMethod
    baseline = "msp"
    sources = (datasets.QUICKDRAW, EFFICIENTNET_LITE0, datasets.DIGITS)
    checks = (judges_each_alone,)

    def data(self, trial: Trial) -> tuple[Group, ...]:
        return groups(trial)

    def run(self, method: OodDetectionMethod, data: tuple[Group, ...], trial: Trial) -> dict[str, float]:
        found = [self._one(method, group, trial, at) for at, group in enumerate(data)]
        return {name: mean(each[name] for each in found) for name in found[0]}

    def _one(self, method: OodDetectionMethod, group: Group, trial: Trial, at: int) -> dict[str, float]:
        with torch.no_grad():
            task = Task(group, trial, group.exposed if method.sees_unknown else None, at)
            method.fit(task)
            trial.count(drawings=len(task.x))
            asked = group.known if trial.options.wrong else torch.cat([group.known, group.unknown])
            scores = method.score(asked, task)
            if scores.shape != asked.shape[:1] or not torch.isfinite(scores).all():
                raise ValueError(f"{method.slug()}: a finite score of every drawing is wanted")
            if trial.options.wrong:
                right = task.logits(asked).argmax(1) == group.known_y
                return told_apart(scores[right], scores[~right])
            return told_apart(scores[:len(group.known)], scores[len(group.known):])

    def shuffle_labels(self, data: tuple[Group, ...], generator: torch.Generator) -> tuple[Group, ...]:
        """All drawings are dealt anew, so that none is of the kind that it is said to be, known or unknown."""
        def dealt(group: Group) -> Group:
            parts = [group.x, group.known, group.unknown, group.exposed]
            rows = torch.cat(parts)
            rows = rows[torch.randperm(len(rows), generator=generator).to(rows.device)]
            x, known, unknown, exposed = rows.split([len(part) for part in parts])
            return replace(group, x=x, known=known, unknown=unknown, exposed=exposed)
        return tuple(dealt(group) for group in data)
