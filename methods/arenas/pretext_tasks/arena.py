"""How many labels does it save to have predicted one half of a picture from the other?

The upper halves of handwritten digits (MNIST) are to be named from 10, 50 or 1,000 labels. Before, a method sees 20,000
upper halves, each with a lower half and without a label, and makes features of an upper half out of them. In the main
setting the lower half is that of another picture of the same digit: given the digit, the halves are independent, as the
theory of pretext tasks assumes, on real pixels. In `same-picture` it is the picture's own, so that slant and stroke tie
the halves together as well. In `shared-nuisance` a patch of random dots is pasted into both halves of each picture, at
one place drawn for the seed, also in the test: something to predict that says nothing of the digit. `few-refinement`
and `many-refinement` are that with 20 and 2,000 labelled pairs of halves in place of 200, for methods that refine the
pretext with labels. `fewer-unlabelled` has 1,000 pairs in place of 20,000.

Everything is linear algebra. Everybody may use the same 500 random cosine features of the pixels. What a method's
features are worth is measured by the same head: ridge regression onto the ten digits from features at unit scale,
its strength one of five by 2,000 validation pictures, on balanced draws of labels that are the same for all (20 draws
of 10 and of 50, 5 of 1,000), and 10,000 test pictures. The labels that refine are not among those of the head. A
method's own strengths have as default the best of a grid in the main setting (refinement: in `shared-nuisance`) on
validation pictures of seeds 100 to 102, which are never scored (`python -m bench.strengths pretext-tasks`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.pretext_tasks.stage._checks import answers_each_picture_alone
from methods.arenas.pretext_tasks.stage._data import PretextData, pretext_data
from methods.arenas.pretext_tasks.stage._head import head_accuracies
from methods.arenas.pretext_tasks.stage.task import Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial

Features = Callable[[Tensor], Tensor]
HALVES = {"pairs": "digit", "patch": False, "fewer": 1.0, "refine": 1.0}


class PretextMethod(Method):
    """The slot. The pixels of the upper half as they are is what remains when the hook is not filled."""

    sees_all_labels = False          # of the unlabelled pictures too: an upper bound, not a contestant

    def fit(self, x1: Tensor, x2: Tensor, task: Task) -> Features:
        """From unlabelled upper and lower halves (N, D): what makes features (M, K) of upper halves (M, D)."""
        return lambda x: x


class PretextTasks(Arena):
    title = "Predicting the other half"
    metrics = (
        Metric("accuracy_50", "Accuracy, 50 labels", unit="%", chance=10, ceiling=100,
               help="upper halves named rightly after five labels of each digit, mean of 20 draws"),
        Metric("accuracy_10", "Accuracy, 10 labels", unit="%", chance=10, ceiling=100, help="one label of each"),
        Metric("accuracy_1000", "Accuracy, 1,000 labels", unit="%", chance=10, ceiling=100,
               help="a hundred of each, mean of 5 draws"),
        Metric("dimension", "Effective dimension", "lower", "",
               help="of the features on test pictures: squared sum of their covariance's eigenvalues by the sum of "
                    "squares; descriptive, no side is better by itself"),
    )
    settings = (
        Setting("default", "the other half is of another picture of the same digit", HALVES),
        Setting("same-picture", "the other half is the picture's own", {**HALVES, "pairs": "picture"}),
        Setting("shared-nuisance", "a random patch in both halves, 200 labelled pairs to refine with",
                {**HALVES, "patch": True}),
        Setting("few-refinement", "a random patch in both halves, 20 labelled pairs", {**HALVES, "patch": True,
                                                                                         "refine": 0.1}),
        Setting("many-refinement", "a random patch in both halves, 2,000 labelled pairs",
                {**HALVES, "patch": True, "refine": 10.0}),
        Setting("fewer-unlabelled", "1,000 unlabelled pairs", {**HALVES, "fewer": 0.05}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "unlabelled": 400, "pool": 300, "refining": 30, "val": 100, "test": 300,
                                 "basis": 64, "size": 2, "draws": {10: 3, 50: 3, 100: 2}}),
        "full": Scale(60, 2048, {"small": False, "unlabelled": 20_000, "pool": 5000, "refining": 200, "val": 2000,
                                 "test": 10_000, "basis": 500, "size": 6, "draws": {10: 20, 50: 20, 1000: 5}}),
    }
    slot = PretextMethod
    baseline = "raw-half"
    sources = (datasets.MNIST, datasets.DIGITS)
    checks = (answers_each_picture_alone,)

    def data(self, trial: Trial) -> PretextData:
        return pretext_data(trial)

    def run(self, method: PretextMethod, data: PretextData, trial: Trial) -> dict[str, float]:
        task = Task(data, trial, data.y if method.sees_all_labels else None)
        make = method.fit(data.x1, data.x2, task)
        trial.progress(0.5, "naming the halves")
        features = {part: make(getattr(data, part)) for part in ("pool_x", "val_x", "test_x")}
        if any(not torch.isfinite(each).all() for each in features.values()):
            raise ValueError(f"{method.slug()}: features must be finite")
        found = head_accuracies(features, data, trial)
        for n, accuracy in found.items():
            trial.record(n, max(found), accuracy=accuracy)
        trial.count(features=features["test_x"].shape[1], labels=len(data.refine_y))
        last = features["test_x"].double() - features["test_x"].double().mean(0)
        spread = torch.linalg.eigvalsh(last.T @ last)
        few, some, many = found.values()
        return {"accuracy_10": few, "accuracy_50": some, "accuracy_1000": many,
                "dimension": (spread.sum() ** 2 / spread.square().sum().clamp(min=1e-30)).item()}

    def shuffle_labels(self, data: PretextData, generator: torch.Generator) -> PretextData:
        """Labels of the pool and of refinement permuted, and lower halves dealt to other upper halves."""
        def order(part: Tensor) -> Tensor:
            return torch.randperm(len(part), generator=generator)
        return replace(data, x2=data.x2[order(data.x2)], y=data.y[order(data.y)],
                       pool_y=data.pool_y[order(data.pool_y)], refine_y=data.refine_y[order(data.refine_y)])
