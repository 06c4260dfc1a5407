"""Can the learning rate of a large run be found on small ones?

Language models of two blocks are trained at widths 8, 16, 32 and 64, each at seven rates (0.000625 to 0.04), for 212
steps of 8 windows of 64 pieces, and looked at after 75, 106, 150 and 212 steps. A method sees the sweeps at the three
small widths, under the rule for initialisation and rates that it trains by, and says at which rate to train the widest
for 212 steps, and what it will score. `wide_bpb` is what that run scores; between the rates of the sweep, bits are a
line over the logarithm of the rate. `excess_bpb` is how much more that is than the best rate's under the best rule,
`forecast_error` how far off the foretold score was, as logarithms, in per cent.

The rules, which agree at width 16, are how a layer's first weights and its rate change with width; see each method. The
sweeps were trained once. A seed draws in which proportions four sources count and which half of the test passages is
read, so it says nothing of chance in training. `smoke` has made-up losses.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch

from methods.arenas.hyperparameter_transfer.stage._data import Losses, drawn, sweeps
from methods.arenas.hyperparameter_transfer.stage.sweeps import Sweeps, at_rate, best_rate, power_law
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import BIBLE, NOVELS


class HyperparameterTransferMethod(Method):
    """The slot: the rule by which layers change with width, the rate for the wide run, and what it will score."""

    rule: ClassVar[str] = "standard"
    sees_truth = False              # the sweep at the wide run's size: an upper bound, not a contestant

    def plan(self, known: Sweeps) -> float:
        """The best rate of width 16, where all rules agree."""
        return best_rate(known.rates, known.bits[1, :, -1])

    def forecast(self, known: Sweeps, rate: float) -> float:
        """a N^b + c, fitted to what the small widths scored at this rate."""
        return power_law(known.weights, np.array([at_rate(known.rates, bits[:, -1], rate) for bits in known.bits]),
                         known.wide)


class HyperparameterTransfer(Arena):
    title = "Rates for larger runs"
    metrics = (
        Metric("wide_bpb", "Wide run", "lower", "bits", help="bits per byte of the run as planned"),
        Metric("excess_bpb", "Excess", "lower", "bits", help="bits per byte above the best of all wide runs"),
        Metric("forecast_error", "Forecast error", "lower", "%", help="distance of foretold and true, as logarithms"),
    )
    settings = (Setting("default", "from widths 8, 16 and 32 to 64"),)
    scales = {"smoke": Scale(5, 1024, {"small": True}), "full": Scale(60, 2048, {"small": False})}
    slot = HyperparameterTransferMethod
    baseline = "standard"
    sources = (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS, datasets.STDLIB)

    def data(self, trial: Trial) -> Losses:
        return drawn(trial)

    def run(self, method: HyperparameterTransferMethod, data: Losses, trial: Trial) -> dict[str, float]:
        known, wide = sweeps(data, method.rule)
        seen = wide if method.sees_truth else known
        rate = method.plan(seen)
        said = method.forecast(seen, rate)
        if not (np.isfinite(rate) and rate > 0 and np.isfinite(said) and said > 0):
            raise ValueError(f"{method.slug()}: a rate and a score above zero are wanted")
        bits = at_rate(wide.rates, wide.bits[0, :, -1], rate)
        trial.count(sweeps=len(known.bits), runs=known.bits[:, :, 0].size)
        trial.record(1, 1, rate=rate, foretold=said, bits=bits)
        return {"wide_bpb": bits, "excess_bpb": bits - float(data.bits[:, -1, :, -1].min()),
                "forecast_error": float(100 * abs(np.log(said / bits)))}

    def shuffle_labels(self, data: Losses, generator: torch.Generator) -> Losses:
        """Scores of small widths belong to other rates."""
        order = torch.randperm(data.bits.shape[2], generator=generator)
        return replace(data, bits=torch.cat([data.bits[:, :-1, order], data.bits[:, -1:]], 1))
