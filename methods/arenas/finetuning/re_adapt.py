"""RE-Adapt: tune the model as it was before it was taught, then add the teaching back.

What a model was taught after pretraining is the difference between its weights and those of its base. Tuning the base
on the new domain and adding both differences, each at partial strength, disturbs the teaching less than tuning the
taught model does. A low-rank copy of the difference nearly suffices (LoRE-Adapt).

    W = W_base + alpha * (W_tuned - W_base) + beta * (W_taught - W_base)

Departs from the paper: the base has learnt to restore pictures and the teaching is the naming of print; the domain is
tuned on labels, with all weights instead of adapters. Where the model was not taught in stages (`self-supervised`,
`sentences`) nothing is added back, and an average with the start remains. Where the digits' classifier starts at
random, so does the base's: what it knew of printed digits is not handed back.

>>> import torch
>>> low_rank(torch.tensor([[3.0, 0.0], [0.0, 1.0]]), 0.9).tolist()      # 9 of 10 parts of the variance
[[3.0, 0.0], [0.0, 0.0]]
"""

import torch

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def low_rank(change, kept):
    """The fewest singular directions of a matrix (flattened from its second axis on) with `kept` of its variance."""
    if kept >= 1 or change.dim() < 2:
        return change
    u, s, vh = torch.linalg.svd(change.flatten(1), full_matrices=False)
    variance = s.square().cumsum(0) / s.square().sum().clamp(min=1e-12)
    rank = int((variance < kept - 1e-6).sum()) + 1
    return (u[:, :rank] * s[:rank] @ vh[:rank]).view(change.shape)


class ReAdapt(FinetuningMethod):
    card = Card(
        title="RE-Adapt",
        papers=(Paper("RE-Adapt: Reverse Engineered Adaptation of Large Language Models", 2024,
                      arxiv="2405.15007"),),
        fidelity="core",
        claims=(Beats("full-fine-tuning", on="source_accuracy"),
                Beats("full-fine-tuning", on="target_accuracy"),
                Beats("full-fine-tuning", on="balance"),
                Beats("wise-ft", on="balance")),
    )

    alpha: float = param(0.5, "strength of what was tuned", low=0.0, high=1.0)
    beta: float = param(0.5, "strength of what had been taught", low=0.0, high=1.0)
    kept: float = param(1.0, "share of the teaching's variance that is added back; below 1 in low rank",
                        low=0.1, high=1.0)

    def prepare(self, net, task):
        self.taught = {name: value.clone() for name, value in net.state_dict().items()}
        self.base = {name: self.taught[name] if task.fresh and name.startswith("head.") else value
                     for name, value in task.base.items()}
        net.load_state_dict(self.base)

    def finish(self, net, task):
        net.load_state_dict({
            name: self.base[name] + self.alpha * (tuned - self.base[name])
            + self.beta * low_rank(self.taught[name] - self.base[name], self.kept)
            for name, tuned in net.state_dict().items()})
        return net
