"""Prompt tuning: a few vectors in front of every passage learn the new text; the model stays frozen.

    p(x_i | P, x_<i),   P (4, D) trained, one for all texts

Departs from the paper: unlabelled text in place of tasks, one prompt for all texts; four vectors that begin at random,
where the paper's default is a hundred that begin as embeddings of labels; and a model much smaller than those for which
prompts were found to be enough.

>>> 4 * 32                                                          # trained numbers
128
"""

import torch
from torch import nn

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.arenas.continual_pretraining.stage.told import prompted
from methods.kit.method import Card, Paper
from methods.kit.params import param


class Prompted(nn.Module):
    """A frozen body with learnt vectors in front."""

    def __init__(self, body, many):
        super().__init__()
        self.body = body.requires_grad_(False)
        self.prompts = nn.Parameter(0.05 * torch.randn(1, many, body.width, device=body.embed.weight.device))

    def forward(self, ids):
        return self.body.logits(prompted(self.body, ids, self.prompts)[-1])


class PromptTuning(ContinualPretrainingMethod):
    card = Card(
        title="Prompt tuning",
        papers=(Paper("The Power of Scale for Parameter-Efficient Prompt Tuning", 2021, arxiv="2104.08691"),),
        fidelity="core",
    )
    rate_factor = 3.0

    many: int = param(4, "vectors in front", low=1, high=8)

    def prepare(self, net, task):
        return net if task.stage else Prompted(net, self.many)
