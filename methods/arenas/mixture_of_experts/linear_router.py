"""Linear router: specialists' parts as experts, a seed's part beside them, and a router that learns from nothing.

    y = F_seed(x) + s_i E_i(x),   s = softmax(W x),   i = argmax s

Branch-train-mix with a part that always works, which is what the adaptive router is compared with. A model that
arrives later brings a new row of W, drawn as the others were. Without specialists there is one expert for each field.

Departs from the paper: there the seed's part is one expert among the others, a piece has the two of highest chance, and
their weights sum to one; here it always works, beside one expert with the chance that it has among all. Three
specialists of one block, and a fourth whose other weights are not averaged in.

>>> import torch
>>> from methods.arenas.mixture_of_experts.stage.experts import best
>>> best(torch.tensor([[0.2, 0.8]]), 1, renormalise=False)[1].item() == torch.tensor(0.8).item()
True
"""

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.arenas.mixture_of_experts.stage.experts import balance, best
from methods.arenas.mixture_of_experts.stage.sharing import with_shared
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class LinearRouter(MixtureMethod):
    card = Card(
        title="Linear router",
        papers=(Paper("Branch-Train-MiX: Mixing Expert LLMs into a Mixture-of-Experts LLM", 2024, arxiv="2403.07816"),),
        fidelity="core",
        claims=(Beats("dense", on="bits_per_byte", setting="new-field"),),
    )

    alpha: float = param(0.01, "weight of the loss that evens the load", low=0.0, high=1.0)

    def build(self, task):
        return with_shared(task, self.gate)

    def gate(self, layer, x):
        return best(layer.logits.softmax(1), 1, renormalise=False)

    def auxiliary(self, layer):
        return self.alpha * balance(layer.chances, layer.index)
