"""Can small models foretell what a larger one will be able to do?

Language models of five sizes, each at several moments of its training (the ladder of `loss_prediction`), answer 400
items. From what the cheap ones answered, a method says which share the dear ones answer right: those whose training
took more than 0.3 of the most computing. Its score is the mean distance of the two in points. A seed draws half of 800
items and two cheap models that are missing.

In `default` an item is a beginning of 32 pieces and four continuations of 16, one of them its own, the others of other
passages of any source; the answer is the continuation with the highest probability. In `negation` there are two
continuations behind a "not", and right is the other one: the score falls as models grow. In `fine-tuned` a classifier
on the model's states, taught by 400 labelled passages of 16 pieces, names the source of a passage, one of six.

`item_correlation` is the median over items of the rank correlation of what a method looks at (whether the item was
right, unless it looks at something else) with compute, over known models; items that all answer alike count as 0.
Ladders were trained in three worlds, dealt to the seeds in turn, so what differs between trainings is seen less often
than the seeds suggest. `smoke` has made-up answers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from scipy.stats import rankdata

from methods.arenas.downstream_prediction.stage._data import Answers, drawn_answers, opened
from methods.arenas.downstream_prediction.stage.runs import Known, Models, Vector
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import BIBLE, NOVELS


class DownstreamPredictionMethod(Method):
    """The slot: `fit` to the known models, then `predict` the share that others answer right."""

    sees_truth = False              # what the asked models scored in another world: an upper bound, not a contestant

    def fit(self, known: Known) -> None:
        raise NotImplementedError

    def predict(self, models: Models) -> Vector:
        """Shares (n,) between 0 and 1."""
        raise NotImplementedError

    def looked_at(self, known: Known) -> Vector:
        """(models, items) what of every item is followed over compute."""
        return known.right


class DownstreamPrediction(Arena):
    title = "Abilities of larger models"
    metrics = (
        Metric("prediction_error", "Prediction error", "lower", "points", help="mean distance of scores"),
        Metric("item_correlation", "Items with compute", ceiling=1.0,
               help="median rank correlation of what is looked at with compute, over items"),
    )
    settings = (
        Setting("default", "which continuation is right", {"task": "choice"}),
        Setting("negation", "behind a not", {"task": "negation"}),
        Setting("fine-tuned", "a classifier on the states", {"task": "fine-tuned"}),
    )
    scales = {"smoke": Scale(5, 1024, {"small": True}), "full": Scale(60, 2048, {"small": False})}
    slot = DownstreamPredictionMethod
    baseline = "accuracy-extrapolation"
    sources = (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS, datasets.STDLIB)

    def data(self, trial: Trial) -> Answers:
        return drawn_answers(trial)

    def run(self, method: DownstreamPredictionMethod, data: Answers, trial: Trial) -> dict[str, float]:
        known, models = opened(data)
        method.fit(known)
        said = data.again.numpy() if method.sees_truth else np.clip(method.predict(models), 0, 1)
        if said.shape != (len(models),) or not np.isfinite(said).all():
            raise ValueError(f"{method.slug()}: one share for each model asked is wanted")
        trial.count(known_models=len(known.models), asked_models=len(models))
        for i, value in enumerate(said):
            trial.record(i + 1, len(said), predicted=value, true=float(data.truth[i]))
        return {"prediction_error": float(100 * np.abs(said - data.truth.numpy()).mean()),
                "item_correlation": correlation(method.looked_at(known), known.models.compute)}

    def shuffle_labels(self, data: Answers, generator: torch.Generator) -> Answers:
        """What was answered belongs to other models."""
        order = torch.randperm(data.runs.shape[1], generator=generator)
        return replace(data, known={name: value[order] for name, value in data.known.items()})


def correlation(seen: Vector, compute: Vector) -> float:
    """The median over items of the Spearman correlation with compute; 0 for an item that is always the same.

    >>> correlation(np.array([[0.0, 1.0], [0.5, 1.0], [0.9, 1.0]]), np.array([1.0, 2.0, 4.0]))
    0.5
    """
    x, y = rankdata(compute), rankdata(seen, axis=0)
    x, y = x - x.mean(), y - y.mean(0)
    scale = np.sqrt((x ** 2).sum() * (y ** 2).sum(0))
    return float(np.median(np.where(scale > 0, x @ y / np.where(scale > 0, scale, 1.0), 0.0)))
