"""SPT: spend the trained parameters where the task's gradient asks for them.

Before training, every weight is scored by its squared gradient on the target, and the best tau are chosen. A matrix
in which more are chosen than a low-rank change would have is given that change; in the others the chosen entries
are trained one by one.

    s_n = sum_batches g_n^2;   top tau chosen;   W0 + B A where >= r (in + out) of a matrix are, else W0 + sparse

Departs from the paper: the matrices of attention and of the feed-forward part are scored alone, where the authors'
code scores biases and normalisations too; their code gives a matrix a low-rank change from a tenth of that number on.

>>> import torch
>>> grants([torch.tensor([9.0, 8.0, 7.0]), torch.tensor([1.0, 6.0, 0.0])], tau=4, costs=[2, 3])
[None, [1]]
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import SITES, Changed, LowRank, linears
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def grants(scores, tau, costs):
    """Per matrix None for a structured change, or the list of its chosen entries."""
    flat = torch.cat(scores)
    chosen = torch.zeros(len(flat), dtype=torch.bool, device=flat.device)
    chosen[flat.topk(min(tau, len(flat))).indices] = True
    return [None if int(part.sum()) >= cost else part.nonzero()[:, 0].tolist()
            for part, cost in zip(chosen.split([len(s) for s in scores]), costs, strict=True)]


class Entries(Changed):
    """The frozen weight with some of its entries trained."""

    def __init__(self, linear, entries):
        super().__init__(linear)
        self.register_buffer("entries", torch.tensor(entries, dtype=torch.long, device=linear.weight.device))
        self.values = nn.Parameter(linear.weight.new_zeros(len(entries)))

    def weight(self):
        sparse = self.values.new_zeros(self.base.weight.numel()).index_put((self.entries,), self.values)
        return self.base.weight + sparse.view_as(self.base.weight)


class SensitivityAwareTuning(PeftMethod):
    card = Card(
        title="Sensitivity-aware tuning",
        papers=(Paper("Sensitivity-Aware Visual Parameter-Efficient Fine-Tuning", 2023, arxiv="2303.08566"),),
        fidelity="faithful",
        claims=(Beats("lora", on="target_accuracy"), Beats("bitfit", on="target_accuracy"),
                Beats("visual-prompt-tuning", on="target_accuracy"), Beats("lora", on="target_accuracy",
                                                                           setting="high-rank")),
    )

    r: int = param(8, "rank of the structured changes", low=1, high=16)
    batches: int = param(4, "batches that are looked at before training", low=1, high=6)
    tau: float = param(1.0, "weights chosen, as a share of what a method may train", low=0.05, high=1.0)

    def adapt(self, net, task):
        places = list(linears(net, (*SITES, "key", "out")))
        weights = [linear.weight.requires_grad_(True) for _, _, linear in places]
        scores = [torch.zeros_like(w).flatten() for w in weights]
        for _ in range(self.batches):
            found = torch.autograd.grad(self.error(net, task.draw()), weights)
            for score, gradient in zip(scores, found, strict=True):
                score.add_(gradient.square().flatten())
        costs = [self.r * sum(w.shape) for w in weights]
        granted = grants([score.detach() for score in scores], int(self.tau * task.allowance), costs)
        for (parent, name, linear), entries in zip(places, granted, strict=True):
            linear.weight.requires_grad_(False)
            if entries is None:
                setattr(parent, name, LowRank(linear, self.r, 8.0 / self.r))
            elif entries:
                setattr(parent, name, Entries(linear, entries))
