"""rsLoRA: divide the low-rank change by the root of the rank.

LoRA divides its change by the rank, and so the higher the rank, the slower it learns. Forward and backward signals
keep their size, whatever the rank, when the change is divided by the root of the rank instead.

    h = W0 x + (alpha / sqrt(r)) * B A x                                                      (def. 3.1)

Departs from the paper: query, value and both maps of the feed-forward part are changed, as for every low-rank method
here.

>>> scale_of(8.0, 4)                                                                  # 8 / sqrt(4)
4.0
"""

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import LowRank, replace_linears
from methods.kit.method import Card, Paper
from methods.kit.params import param


def scale_of(alpha, r):
    return alpha / r**0.5


class RsLora(PeftMethod):
    card = Card(
        title="rsLoRA",
        papers=(Paper("A Rank Stabilization Scaling Factor for Fine-Tuning with LoRA", 2023, arxiv="2312.03732"),),
        fidelity="faithful",
        needs_scale=("Beats LoRA at large ranks, where LoRA's own factor slows learning (the ranks here end at 8).",),
    )

    r: int = param(4, "rank of the change of a weight", low=1, high=8)
    alpha: float = param(8.0, "size of the change, LoRA's; divided by the root of the rank", low=0.5, high=64.0)

    def adapt(self, net, task):
        replace_linears(net, lambda linear: LowRank(linear, self.r, scale_of(self.alpha, self.r)))
