"""ScaLearn: scale what adapters of other tasks say, and learn nothing but the scales.

For each of several source tasks an adapter is trained in every layer. For the target all of them are frozen, and
every layer adds their outputs, each multiplied by a learnt vector, or a learnt number. The scales are free: they
need not be positive nor sum to one.

    h <- h + sum_s omega_s * o_s(h),   omega_s in R^d per layer (uniform: in R; ++: shared by layers)

In training a share of 0.3 of the scales is dropped at every step. Three small picture tasks are the sources, and
learning them is paid for out of the same budget.

Follows the paper.

>>> import torch
>>> scales = Scales(2, 2)
>>> with torch.no_grad():
...     _ = scales.omega.copy_(torch.tensor([[1.0, 0.0], [0.0, -1.0]]))
>>> scales.eval()(None, torch.tensor([[[3.0, 5.0], [7.0, 9.0]]])).tolist()                # 1 * 3 + 0 * 7, 0 * 5 - 1 * 9
[[3.0, -9.0]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.arenas.peft.stage.stages import FromSources
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class Scales(nn.Module):
    """sum_s omega_s * change_s with omega (S, D) or (S, 1), about 2 / S at the start."""

    def __init__(self, sources, width):
        super().__init__()
        self.omega = nn.Parameter(2 / sources + 1e-3 * torch.randn(sources, width))

    def forward(self, h, changes):
        return (F.dropout(self.omega, 0.3, self.training) * changes).sum(-2)


class Scalearn(FromSources, PeftMethod):
    card = Card(
        title="ScaLearn",
        papers=(Paper("ScaLearn: Simple and Highly Parameter-Efficient Task Transfer by Learning to Scale", 2023,
                      arxiv="2310.01217"),),
        fidelity="faithful",
        claims=(Matches("adapter-fusion", on="target_accuracy", within=0.5, cost="trained parameters"),
                Beats("houlsby-adapter", on="target_accuracy", setting="few-labels")),
    )

    m: int = param(8, "units of a source task's adapter", low=1, high=16)
    first: float = param(0.5, "share of the budget for learning the source tasks", low=0.1, high=0.8)
    uniform: bool = param(False, "one number instead of a vector for each source")
    shared: bool = param(False, "the same scales in all layers (++)")

    def combine(self, width, sources, layers):
        scales = [Scales(sources, 1 if self.uniform else width) for _ in range(layers)]
        return [scales[0]] * layers if self.shared else scales
