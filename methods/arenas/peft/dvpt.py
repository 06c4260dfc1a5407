"""DVPT: prompts that are computed from each sample.

Learnt prompts ask a narrow view of a sample's tokens, and what they find are prompts of this sample; the tokens
then read these back. One such module serves all layers.

    Z = gelu(X W_down),   P' = softmax(P Z^T / sqrt(d')) Z,   Y = softmax(Z P'^T / sqrt(d')) P'
    X <- X + s * Y W_up

Departs from the paper: clothing takes the place of medical images; it does not suit language models, whose tokens
must not see later ones.

>>> import torch
>>> read(torch.zeros(1, 1, 2), torch.tensor([[[2.0, 0.0], [4.0, 0.0]]])).tolist()            # even attention
[[[3.0, 0.0]]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def read(asking, asked):
    """softmax(asking asked^T / sqrt(d)) asked"""
    return torch.softmax(asking @ asked.transpose(1, 2) / asked.shape[2]**0.5, 2) @ asked


class Dynamic(nn.Module):
    def __init__(self, width, narrow, prompts, scale):
        super().__init__()
        self.down, self.up = nn.Linear(width, narrow), nn.Linear(narrow, width)
        self.prompts, self.scale = nn.Parameter(torch.randn(prompts, narrow)), scale

    def forward(self, x):
        z = F.gelu(self.down(x))
        own = read(self.prompts.expand(len(x), -1, -1), z)
        return x + self.scale * self.up(read(z, own))


class Dvpt(PeftMethod):
    card = Card(
        title="Dynamic visual prompt tuning",
        papers=(Paper("DVPT: Dynamic Visual Prompt Tuning of Large Pre-trained Models for Medical Image Analysis",
                      2023),),
        fidelity="core",
        claims=(Beats("visual-prompt-tuning", on="target_accuracy"),
                Beats("full-fine-tuning", on="target_accuracy", setting="few-labels"),
                Beats("visual-prompt-tuning", on="target_accuracy", setting="few-labels")),
        waivers={"setting:text": "its dynamic prompts let tokens see later ones: they need pictures",
                 "starts-from-the-pretrained-model": "its new tokens take part in attention from the start"},
    )

    narrow: int = param(32, "width of the view that prompts ask", low=2, high=64)
    prompts: int = param(16, "how many prompts", low=1, high=64)
    scale: float = param(0.1, "strength of what the tokens read back", low=0.01, high=2.0)

    def adapt(self, net, task):
        if net.per_token:
            raise ValueError("dynamic prompts let tokens see later ones: they need pictures, not text")
        net.dynamic = Dynamic(net.width, self.narrow, self.prompts, self.scale)

    def features(self, net, batch):
        h = net.embed(batch.x)
        for block in net.blocks:
            h = block(h) if net.per_token else net.dynamic(block(h))           # the old task may be text
        return net.pool(net.norm(h))
