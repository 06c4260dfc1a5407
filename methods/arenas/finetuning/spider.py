"""SPIDER: change only the weights that the target wants more than the pretrained model needs.

Large pretrained weights are taken for what the model knows, large accumulated gradients for what the target asks. Both
are standardised within a tensor and squashed, so that they can be compared weight by weight. Where the gradient wins,
the weight may move, the further the clearer it wins; everywhere else it is put back after every step.

    I = sigmoid(z(|w_0|)),   G = sigmoid(z(|sum of gradients|)),   z(a) = (a - mean a) / std a
    m = min(1, r / mean of r > 0),   r = [G > I] * G / (I + G)
    w <- (1 - m) * w_0 + m * w

Follows the paper. Checked against its authors' public code, which shortens each step's gradient too.

>>> import torch
>>> moved = share_moved(torch.tensor([0.2, 0.5, 0.5]), torch.tensor([0.8, 0.5, 0.75]))   # r .8, 0, .6; mean .7
>>> [round(float(m), 4) for m in moved]
[1.0, 0.0, 0.8571]
"""

import torch

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.kit.method import Beats, Card, Paper


def importance(values):
    """Standardised size of each entry, squashed to 0..1."""
    size = values.abs()
    return torch.sigmoid((size - size.mean()) / size.std().clamp(min=1e-12)) if size.any() and size.numel() > 1 \
        else torch.zeros_like(size)


def share_moved(known, asked):
    """m, the share of its change that each weight keeps."""
    ratio = torch.where(asked > known, asked / (asked + known).clamp(min=1e-12), 0.0)
    positive = ratio[ratio > 0]
    return (ratio / positive.mean()).clamp(max=1.0) if len(positive) else ratio


class Spider(FinetuningMethod):
    card = Card(
        title="SPIDER (selective update by importance)",
        papers=(Paper("Learn from Downstream and Be Yourself in Multimodal Large Language Model Fine-Tuning", 2024,
                      arxiv="2411.10928"),),
        fidelity="faithful",
        claims=(Beats("full-fine-tuning", on="balance"),
                Beats("l2-sp", on="balance"),
                Beats("full-fine-tuning", on="source_accuracy")),
    )

    def prepare(self, net, task):
        self.tuned = [*net.layers.parameters(), *net.head.parameters()]
        self.before = [p.detach().clone() for p in self.tuned]
        self.known = [importance(p) for p in self.before]
        self.asked = [torch.zeros_like(p) for p in self.before]

    @torch.no_grad()
    def after_step(self, net, task):
        for p, start, known, gradient in zip(self.tuned, self.before, self.known, self.asked, strict=True):
            gradient += p.grad
            p.copy_(torch.lerp(start, p, share_moved(known, importance(gradient))))
