"""(IA)^3: learn one gain per channel for keys, values and hidden units.

Three vectors a layer, all ones at the start, amplify or inhibit what attention compares, what it passes on and what
the feed-forward map's hidden units say. Nothing else is trained.

    softmax(Q (l_k * K)^T / sqrt(d)) (l_v * V),   (l_ff * gelu(W1 x)) W2

Departs from the paper: the vectors alone are tried. The recipe around them, losses against wrong answers and for the
length of answers, and vectors trained on other tasks before, is for models that write their answers.

>>> import torch
>>> layer = Scale(2)
>>> with torch.no_grad():
...     _ = layer.gain.copy_(torch.tensor([2.0, 0.0]))
>>> layer(torch.tensor([3.0, 3.0])).tolist()
[6.0, 0.0]
"""

from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import Scale
from methods.kit.method import Beats, Card, Paper


class Ia3(PeftMethod):
    card = Card(
        title="(IA)^3",
        papers=(Paper("Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context Learning", 2022,
                      arxiv="2205.05638"),),
        fidelity="faithful",
        claims=(Beats("lora", on="target_accuracy", setting="few-labels"),
                Beats("full-fine-tuning", on="target_accuracy", setting="few-labels"),
                Beats("bitfit", on="target_accuracy", setting="few-labels"),
                Beats("lora", on="target_accuracy", setting="sentences")),
    )

    def adapt(self, net, task):
        for block in net.blocks:
            block.attention.key = nn.Sequential(block.attention.key, Scale(net.width))
            block.attention.value = nn.Sequential(block.attention.value, Scale(net.width))
            block.feed.middle = Scale(block.feed.up.out_features)
