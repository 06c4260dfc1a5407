"""NRDM: drive the states half way up the network as far as they go.

An attack that is to serve against any task disturbs what the middle of a network says, by its plain distance; no label
and no output are needed.

    maximise over |x' - x| <= radius   ||f_l(x') - f_l(x)||_2,   l = the middle block

Departs from the paper: the network is a transformer on patches, so the layer is its middle block and not one of VGG's
convolutions; steps and radius are the arena's.

>>> import torch
>>> distance(torch.zeros(1, 2, 2), torch.tensor([[[3.0, 0.0], [0.0, 4.0]]])).tolist()
[5.0]
"""

from methods.arenas.adversarial_transfer.arena import AttackMethod
from methods.kit.method import Beats, Card, Paper


def distance(tokens, before):
    """The Euclidean distance (N,) of all tokens (N, T, D) together."""
    return (tokens - before).flatten(1).norm(dim=1)


class Nrdm(AttackMethod):
    card = Card(
        title="NRDM",
        papers=(Paper("Task-generalizable Adversarial Attack based on Perceptual Metric", 2018, arxiv="1811.09020"),),
        fidelity="core",
        claims=(Beats("source-head-pgd", on="fooled"),),
    )

    def objective(self, moved, clean, task):
        middle = (task.blocks - 1) // 2
        return distance(task.look(moved).layers[middle], clean.layers[middle])
