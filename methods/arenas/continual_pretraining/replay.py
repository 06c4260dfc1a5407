"""Replay: a quarter of every batch is old text.

    L = mean over a batch of 3/4 new and 1/4 old windows of -log p(x_i | x_<i)

Departs from the paper: language modelling in place of reinforcement learning, and nothing clones what the model did
before (no penalty on outputs for old text); a quarter is old, where the paper's default is a half.

>>> round(0.25 * 16)
4
"""

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.replaying import mixed
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Replay(ContinualPretrainingMethod):
    card = Card(
        title="Replay",
        papers=(Paper("Experience Replay for Continual Learning", 2018, arxiv="1811.11682"),),
        fidelity="core",
        claims=(Beats("naive", on="old_bpb"), Beats("naive", on="mean_bpb")),
    )
    rate_factor = 3.0

    share: float = param(0.25, "of a batch, old text", low=0.0, high=0.9)

    def batch(self, task):
        return mixed(task, self.share)
