"""PRESENCE: weigh passages by their influence on themselves, first towards the new, later away from noise.

    SI(x) = |d l(x) / d embeddings of x|^2;   w = softmax(+-tau SI / mean SI), + first, - later;   L = sum_x w_x l(x)

Departs from the paper: the gradient is that at what the first block reads, place by place, not at its weights; each
passage is a micro-batch.

>>> import torch
>>> [round(float(w), 3) for w in (torch.tensor([0.5, 1.5])).softmax(0)]
[0.269, 0.731]
"""

import torch

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.kit.lm_reading import EMPTY
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def self_influence(net, windows):
    """(B,) squared norm of the gradient of each passage's mean loss at what the first block reads."""
    entered = net.enter(windows[:, :-1].clamp(min=0)).detach().requires_grad_(True)
    x = entered
    for block in net.blocks:
        x = block(x)
    loss = torch.nn.functional.cross_entropy(net.logits(x).flatten(0, 1), windows[:, 1:].flatten(),
                                             ignore_index=EMPTY, reduction="sum") / (windows.shape[1] - 1)
    return torch.autograd.grad(loss, entered)[0].square().sum((1, 2))


class Presence(PretrainingDataMethod):
    card = Card(
        title="PRESENCE",
        papers=(Paper("Self-Influence Guided Data Reweighting for Language Model Pre-training", 2023,
                      arxiv="2311.00913"),),
        fidelity="core",
        claims=(Beats("random", on="bits_per_byte"), Beats("self-influence-down", on="bits_per_byte")),
    )

    tau: float = param(1.0, "sharpness of the weights", low=0.1, high=5.0)
    turn: float = param(0.5, "share of the training after which the sign turns", low=0.0, high=1.0)

    def weigh(self, losses, batch, net, task):
        found = self_influence(net, batch)
        sign = 1.0 if task.progress < self.turn else -1.0
        return (sign * self.tau * found / found.mean()).softmax(0)
