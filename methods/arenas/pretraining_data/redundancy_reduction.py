"""Redundancy reduction: walk through the pool and leave out what is nearly the same as something kept.

    h(x) = signs of 64 random sums of counts;   keep x if the share of differing signs to all kept ones is above t

Departs from the paper: passages of text for slices of scans, a hash of counts for that of a picture; the walk is in
random order and ends when the budget is full.

>>> sum(a != b for a, b in zip("++-+", "+--+")) / 4
0.25
"""

import torch

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class RedundancyReduction(PretrainingDataMethod):
    card = Card(
        title="Redundancy reduction",
        papers=(Paper("Less is More: Selective Reduction of CT Data for Self-Supervised Pre-Training of Deep Learning "
                      "Models with Contrastive Learning Improves Downstream Classification Performance", 2024,
                      arxiv="2410.14524"),),
        fidelity="proxy",
        claims=(Beats("random", on="bits_per_byte"), Beats("whole-pool", on="bits_per_byte")),
    )

    t: float = param(0.1, "share of signs that must differ", low=0.0, high=0.5)

    def choose(self, task):
        counts = task.grams(task.pool)
        sums = (counts - counts.mean(0)) @ (2 * (task.noise(counts.shape[1] * 64) > 0.5).float() - 1).view(-1, 64)
        signs, rows = sums.sign(), []
        kept = torch.empty(task.now, 64, device=task.device)
        for row in task.random(len(task.pool)).tolist():
            if not rows or float((kept[:len(rows)] @ signs[row]).max()) < 64 * (1 - 2 * self.t):
                kept[len(rows)] = signs[row]
                rows.append(row)
            if len(rows) == task.now:
                break
        return torch.tensor(rows)
