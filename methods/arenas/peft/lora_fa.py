"""LoRA-FA: freeze the random factor of the low-rank change as well.

Of LoRA's two factors the random one only says in which directions of the input the weight may change. Frozen, it costs
neither gradients nor the activations of full width that its gradient would need; what is left to train is half as
much, and the change still lies in a space of low rank.

    h = W0 x + (alpha / r) * B A x,   A random and frozen, B = 0 at the start

Departs from the paper: query, value and both maps of the feed-forward part are changed, as for every low-rank method
here, where the paper changes all linear maps; A is drawn evenly, as for LoRA here, where the paper draws it from a
normal distribution.

>>> import torch
>>> layer = frozen_projection(torch.nn.Linear(4, 2), 1, 2.0)
>>> [name for name, p in layer.named_parameters() if p.requires_grad and "base" not in name]
['b']
"""

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import LowRank, replace_linears
from methods.kit.method import Card, Matches, Paper
from methods.kit.params import param


def frozen_projection(linear, r, scale):
    layer = LowRank(linear, r, scale)
    layer.a.requires_grad_(False)
    return layer


class LoraFa(PeftMethod):
    card = Card(
        title="LoRA-FA",
        papers=(Paper("LoRA-FA: Memory-efficient Low-rank Adaptation for Large Language Models Fine-tuning", 2023,
                      arxiv="2308.03303", covers="its first version; the second also corrects B's gradient"),),
        fidelity="faithful",
        claims=(Matches("lora", on="target_accuracy", within=1.0, cost="trained parameters"),
                Matches("full-fine-tuning", on="target_accuracy", within=2.0, cost="trained parameters")),
        needs_scale=("Needs up to 1.4 times less memory than LoRA, whose activations are kept for A's gradient.",),
    )

    r: int = param(4, "rank of the change of a weight", low=1, high=16)
    alpha: float = param(8.0, "size of the change; divided by the rank", low=0.5, high=64.0)

    def adapt(self, net, task):
        replace_linears(net, lambda linear: frozen_projection(linear, self.r, self.alpha / self.r))
