"""Reuse, don't retrain: begin at the old final rate, and turn to the target late.

The rate starts where the first training ended and falls by a cosine to a hundredth of that; there is no warm-up.
Batches first follow a general blend, old text with some of the new; once the rate has fallen to a fifth they follow a
blend that weighs the target, the new text, more.

    eta_t: cosine from eta_old to eta_old / 100;   new text: 1/2 of a batch while eta_t > eta_old / 5, then 3/4

Departs from the paper: there the late blend is of questions and answers; the shares are ours, as is that the general
blend holds new text (else it would be seen in the last quarter of the steps only).

>>> from methods.arenas.continual_pretraining.arena import warm_cosine
>>> [warm_cosine(p, 0.0, 0.01, 100) > 0.2 for p in (0.6, 0.75)]
[True, False]
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod, warm_cosine
from methods.arenas.continual_pretraining.stage.replaying import mixed
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class ReuseRecipe(ContinualPretrainingMethod):
    card = Card(
        title="Reuse, don't retrain",
        papers=(Paper("Reuse, Don't Retrain: A Recipe for Continued Pretraining of Language Models", 2024,
                      arxiv="2407.07263"),),
        fidelity="core",
        claims=(Beats("rewarmed-blend", on="mean_bpb"), Beats("old-mix", on="new_bpb"),
                Beats("old-mix", on="mean_bpb")),
    )
    rate_factor = 1 / 3

    turn: float = param(0.2, "of the first rate, at which the blend turns to the target", low=0.01, high=1.0)

    def rate(self, task):
        return warm_cosine(task.progress, 0.0, 0.01, task.steps)

    def batch(self, task):
        return mixed(task, 0.5 if self.rate(task) > self.turn else 0.25)
