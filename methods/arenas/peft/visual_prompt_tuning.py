"""Visual prompt tuning: put fresh learnt tokens in front of every layer.

Prompts at the input alone have to make their way through all layers. The deep variant gives every layer prompts of
its own; what a layer made of the previous layer's prompts is dropped.

    [_, E_i] = L_i([P_{i-1}, E_{i-1}]),   only P_0 ... P_{N-1} are trained                     (eq. 6)

Departs from the paper: the tokens' mean is read instead of a class token.

>>> import torch
>>> in_front(torch.zeros(3, 2), torch.ones(5, 4, 2))[:, 3:].sum().item()     # the input's tokens are untouched
40.0
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import in_front
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class VisualPromptTuning(PeftMethod):
    card = Card(
        title="Visual prompt tuning (deep)",
        papers=(Paper("Visual Prompt Tuning", 2022, arxiv="2203.12119"),),
        fidelity="faithful",
        claims=(Beats("full-fine-tuning", on="target_accuracy"), Beats("prompt-tuning", on="target_accuracy")),
        waivers={"starts-from-the-pretrained-model": "its new tokens take part in attention from the start"},
    )

    p: int = param(16, "tokens learnt for every layer", low=1, high=64)

    def adapt(self, net, task):
        bound = (6 / (task.train.x[0].numel() / net.tokens + net.width))**0.5
        net.prompts = nn.Parameter(torch.empty(len(net.blocks), self.p, net.width).uniform_(-bound, bound))

    def features(self, net, batch):
        h = net.embed(batch.x)
        for block, prompt in zip(net.blocks, net.prompts, strict=True):
            h = block(in_front(prompt, h))[:, self.p:]
        return net.pool(net.norm(h))
