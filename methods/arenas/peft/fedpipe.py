"""FedPipe: choose for every client which weights to adapt, at which rank and precision.

Clients with data and machines of their own tune one model. A short warm-up scores every weight matrix by how much it
matters; only the best are adapted, at the rank a client can afford, on a frozen base as coarse as its memory demands.
The server averages the changes by the clients' amounts of data.

    S(W) = mean |W * grad_W|;   dW = sum_k n_k / n * B_k A_k,   B_k A_k of rank r_k, W in b_k bits

Departs from the paper: four clients share one machine in turn, a greedy choice stands in for its integer programme,
the weights themselves are scored and not the singular triplets of trial adapters, the coarse base is rounded to even
steps and not to those of a normal distribution, all send as many pictures a step, and the average is cut back to the
rank of the adapters.

>>> import torch
>>> quantised(torch.tensor([[1.0, 0.3, -0.8]]), 2).tolist()                   # two bits: -1, 0 and 1
[[1.0, 0.0, -1.0]]
"""

import torch

from methods.arenas.peft.arena import PeftMethod
from methods.arenas.peft.stage.stages import CLIENTS, ClientLowRank, WithClients, quantised
from methods.kit.adapters import replace_linears
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

__all__ = ["Fedpipe", "quantised"]


class Fedpipe(WithClients, PeftMethod):
    card = Card(
        title="FedPipe",
        papers=(Paper("Automated Federated Pipeline for Parameter-Efficient Fine-Tuning of Large Language Models", 2024,
                      arxiv="2404.06448"),),
        fidelity="core",
        claims=(Beats("fed-lora", on="target_accuracy", setting="domains"), Beats("fed-lora", on="target_accuracy"),
                Beats("fed-lora", on="early_loss", setting="domains")),
    )

    r: int = param(8, "rank of the client that can afford most", low=2, high=16)
    chosen: float = param(0.5, "share of the matrices that are adapted", low=0.1, high=1.0)
    bits: int = param(8, "precision of the frozen base of the client with least memory", low=4, high=16)
    local: int = param(5, "steps a client makes before it sends", low=1, high=20)
    warm: int = param(4, "steps of the warm-up", low=1, high=6)

    def adapt(self, net, task):
        layers = replace_linears(net, lambda linear: ClientLowRank(linear, self.r, 8.0 / self.r))
        scores = torch.zeros(len(layers))
        weights = [layer.base.weight.requires_grad_(True) for layer in layers]
        for _ in range(self.warm):
            found = torch.autograd.grad(self.error(net, task.draw()), weights)
            scores += torch.stack([(w * g).abs().mean().detach() for w, g in zip(weights, found, strict=True)]).cpu()
        best = set(scores.argsort(descending=True)[:max(1, round(self.chosen * len(layers)))].tolist())
        for i, layer in enumerate(layers):
            layer.base.weight.requires_grad_(False)
            for p in (layer.a, layer.b):
                p.requires_grad_(i in best)
        self.adapted = [layer for i, layer in enumerate(layers) if i in best]
        self.federate(net, task, self.adapted)

    def equip(self, client):
        """Odd clients can afford half the rank, the first two a coarse base only."""
        for layer in self.adapted:
            layer.rank = self.r // 2 if client % 2 else self.r
            layer.bits = self.bits if client < CLIENTS // 2 else 32
