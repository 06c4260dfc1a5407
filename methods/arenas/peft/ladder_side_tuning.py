"""Ladder side tuning: train a small copy of the model that reads its layers.

A narrow transformer stands beside the frozen one. Before each of its blocks it takes in the frozen layer's
state, projected down and mixed with its own by a learnt gate; its last state, projected up, is added to the
frozen one. Nothing is sent back through the frozen model.

    s_i = block_i(mu_i W_i h_i + (1 - mu_i) s_{i-1}),   mu_i = sigmoid(alpha_i / T)                (eq. 2)

Departs from the paper: the ladder starts at random, not from the model's pruned weights; the classifier reads the
frozen state and the ladder's together, where the authors' code reads the ladder's alone.

>>> import torch
>>> gated(torch.tensor(0.0), torch.tensor([4.0]), torch.tensor([2.0])).item()              # half of each
3.0
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import Block
from methods.kit.method import Card, Matches, Paper
from methods.kit.params import param

TEMPERATURE = 0.1


def gated(alpha, below, beside):
    gate = torch.sigmoid(alpha / TEMPERATURE)
    return gate * below + (1 - gate) * beside


class Ladder(nn.Module):
    def __init__(self, layers, width, small, causal):
        super().__init__()
        self.downs = nn.ModuleList(nn.Linear(width, small) for _ in range(layers + 1))
        self.blocks = nn.ModuleList(Block(small, 2 * small, 2, causal) for _ in range(layers))
        self.alphas, self.up = nn.Parameter(torch.zeros(layers)), nn.Linear(small, width)

    def forward(self, states):
        side = self.downs[0](states[0])
        for alpha, down, block, state in zip(self.alphas, self.downs[1:], self.blocks, states[1:], strict=True):
            side = block(gated(alpha, down(state), side))
        return self.up(side)


class LadderSideTuning(PeftMethod):
    card = Card(
        title="Ladder side tuning",
        papers=(Paper("LST: Ladder Side-Tuning for Parameter and Memory Efficient Transfer Learning", 2022,
                      arxiv="2206.06522"),),
        fidelity="core",
        claims=(Matches("lora", on="target_accuracy", within=2.0, cost="memory"),),
        waivers={"starts-from-the-pretrained-model": "the classifier reads the new side network"},
    )

    small: int = param(12, "width of the ladder; even", choices=(4, 8, 12, 16))

    def adapt(self, net, task):
        net.ladder = Ladder(len(net.blocks), net.width, self.small, net.per_token)

    def features(self, net, batch):
        with torch.no_grad():
            h = net.embed(batch.x)
            states = [h, *net.trace(h)]
        return net.pool(net.norm(states[-1] + net.ladder(states)))
