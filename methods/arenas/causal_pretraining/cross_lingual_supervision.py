"""Cross-lingual supervision: pairs of verses beside plain text, as often as a bandit finds them useful.

    p_i = (1 - g) w_i / sum_j w_j + g / 2,   w_i <- (1 - eta) w_i + eta max(r, 0) for the arm i that was drawn

The arms are plain text and translation. The reward r is how far the step lowered the loss on validation text and pairs
(their mean), divided by the largest change so far.

Departs from the paper: a language model of two languages and one pair for many; the reward is taken from
validation text, where the paper's needs none; its scale, g and eta are ours. Both losses are measured before and after
each step, on the same 32 pairs and the same 32 windows of both languages.

>>> import torch
>>> [round(p, 2) for p in chances(torch.tensor([3.0, 1.0]), 0.1).tolist()]
[0.72, 0.28]
"""

import torch

from methods.arenas.causal_pretraining.arena import CausalPretrainingMethod
from methods.arenas.causal_pretraining.stage.task import Batch, nats
from methods.kit.method import Beats, Card, Matches, Paper

WATCHED = 32


def chances(w, g):
    """How likely each arm is."""
    return (1 - g) * w / w.sum() + g / len(w)


class CrossLingualSupervision(CausalPretrainingMethod):
    card = Card(
        title="Cross-lingual supervision",
        papers=(Paper("Cross-Lingual Supervision improves Large Language Models Pre-training", 2023,
                      arxiv="2305.11778"),),
        fidelity="core",
        claims=(Beats("plain-text", on="translation_bits", setting="parallel", by=0.05),
                Matches("fixed-mix", on="translation_bits", setting="parallel", within=0.02)),
        needs_scale=("Learning in context gains from pairs seen in pretraining.",),
    )

    g, eta = 0.1, 0.1

    def prepare(self, task):
        self.w, self.last, self.largest = torch.ones(2), None, 1e-6
        return super().prepare(task)

    def batch(self, task):
        if not len(task.pairs):
            return super().batch(task)
        self.p = chances(self.w, self.g)
        self.arm = int(float(task.lots(1)) < float(self.p[1]))
        return Batch(task.draw(task.pairs), task.pair_first) if self.arm else super().batch(task)

    @torch.no_grad()
    def after_step(self, net, optimizer, value, task):
        if not len(task.pairs):
            return
        plain = task.valid[::max(1, len(task.valid) // WATCHED)][:WATCHED]      # windows lie language by language
        now = float(nats(net, Batch(plain)).mean() +
                    nats(net, Batch(task.valid_pairs[:WATCHED], task.pair_first)).mean()) / 2
        if self.last is not None:
            self.largest = max(self.largest, abs(self.last - now))
            reward = max(self.last - now, 0.0) / self.largest
            self.w[self.arm] = max((1 - self.eta) * self.w[self.arm] + self.eta * reward, 1e-6)
        self.last = now
