"""UniMax: all sources are read alike, but none more than so many times over.

    from the smallest source on: p_s = min(left / number left, epochs N_s / all that is read)

Departs from the paper: one of the weightings of sources that it compares.

>>> capped([10, 1000], 200, 2)
[20.0, 180.0]
"""

import torch

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def capped(sizes, budget, epochs):
    """How many passages of each source: even shares of the budget, at most `epochs` times what there is."""
    found, left = [0.0] * len(sizes), float(budget)
    for i, s in enumerate(sorted(range(len(sizes)), key=lambda s: sizes[s])):
        found[s] = min(left / (len(sizes) - i), float(epochs * sizes[s]))
        left -= found[s]
    return found


class Unimax(DataMixingMethod):
    card = Card(
        title="UniMax",
        papers=(Paper("Data, Data Everywhere: A Guide for Pretraining Dataset Construction", 2024, arxiv="2407.06380",
                      covers="UniMax weights of sources"),),
        fidelity="core",
        claims=(Beats("natural-shares", on="target_bpb"), Beats("natural-shares", on="general_bpb")),
    )

    epochs: float = param(1.0, "times a source may be read", low=0.25, high=8.0)

    def mixture(self, task):
        many = capped([len(each) for each in task.windows], task.steps * task.size, self.epochs)
        return torch.tensor(many) / sum(many)
