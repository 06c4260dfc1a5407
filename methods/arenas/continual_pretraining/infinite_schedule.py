"""An infinite schedule: cool down to a constant rate, hold it over all texts, and anneal once, at the end.

    warm-up to eta_max (5 % of all steps), a cosine down to eta_const (until 20 %), eta_const over all further texts,
    and over the last 10 % an exponential fall to 0.01 eta_max

Repeated cosines, which plain continued training follows, raise the rate again with every text.

Departs from the paper: passages of text in place of pictures and web pages; eta_const = eta_max / 2 and the shares are
ours; after each text the model is asked as it is, without a branch that anneals.

>>> [round(infinite(p, 0.5), 3) for p in (0.05, 0.2, 0.6, 0.9, 1.0)]
[1.0, 0.5, 0.5, 0.5, 0.01]
"""

import math

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def infinite(overall, constant):
    """The factor on the rate at a share of the whole run."""
    if overall < 0.05:
        return max(overall / 0.05, 0.05)
    if overall < 0.2:
        return constant + (1 - constant) * 0.5 * (1 + math.cos(math.pi * (overall - 0.05) / 0.15))
    if overall < 0.9:
        return constant
    return constant * (0.01 / constant) ** ((overall - 0.9) / 0.1)


class InfiniteSchedule(ContinualPretrainingMethod):
    card = Card(
        title="Infinite schedule",
        papers=(Paper("Beyond Cosine Decay: On the effectiveness of Infinite Learning Rate Schedule for Continual "
                      "Pre-training", 2025, arxiv="2503.02844"),),
        fidelity="core",
        claims=(Beats("naive", on="mean_bpb", setting="stream"), Beats("naive", on="forgetting", setting="stream")),
    )
    rate_factor = 1 / 3

    constant: float = param(0.5, "the rate that is held, of the highest", low=0.05, high=1.0)

    def rate(self, task):
        return infinite(task.overall, self.constant)
