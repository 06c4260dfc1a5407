"""LEVI: add a small network trained from scratch to every layer of the pretrained one, and average the answers.

Pretrained features may rest on cues that mislead on the target, and features learnt from the target alone on cues of
its own. At several depths a linear layer reads the pretrained layer's average together with the small network's
output. Each is trained for itself, and their mean is the answer: what is spurious in one view is diluted by others.

    y_l = A_l [mean(h_l(x)), small(x)],   loss = sum over l of CE(y_l, y),   answer = mean over l of y_l

Departs from the paper: the pretrained network is a small convolutional one and stays frozen.

>>> import torch
>>> answer([torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 3.0]])]).tolist()
[[0.5, 1.5]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.arenas.finetuning.stage.nets import Net
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def answer(views):
    """The mean of the logits of all views."""
    return torch.stack(views).mean(0)


class Views(nn.Module):
    """The pretrained network with a small one beside it and an adapting layer at each of its layers."""

    def __init__(self, net, width, first):
        super().__init__()
        widths = [layer[0].out_channels for layer in net.layers][first:]
        self.net, self.first = net, first
        self.small = Net((width, width, 2 * width), 1)
        self.small.head, self.small.source_head = nn.Identity(), nn.Identity()
        self.adapt = nn.ModuleList(nn.Linear(each + 2 * width, net.head.out_features) for each in widths)

    def views(self, x):
        with torch.no_grad():
            known = [h.mean((2, 3)) for h in self.net.maps(x)[self.first:]]
        seen = self.small(x)
        return [adapt(torch.cat([h, seen], 1)) for adapt, h in zip(self.adapt, known, strict=True)]

    def forward(self, x):
        return answer(self.views(x))

    def source(self, x):
        return self.net.source(x)


class Levi(FinetuningMethod):
    card = Card(
        title="LEVI",
        papers=(Paper("LEVI: Generalizable Fine-tuning via Layer-wise Ensemble of Different Views", 2024,
                      arxiv="2402.04644"),),
        fidelity="core",
        claims=(Beats("full-fine-tuning", on="shifted_accuracy", setting="cues"),
                Beats("lp-ft", on="shifted_accuracy", setting="cues"),
                Beats("wise-ft", on="shifted_accuracy", setting="cues"),
                Beats("linear-probe", on="shifted_accuracy", setting="cues")),
        waivers={"setting:sentences": "its small network is made of convolutions: it needs pictures"},
    )

    width: int = param(8, "channels of the small network", low=2, high=32)
    first: int = param(1, "the lowest layer that is read", low=0, high=3)

    def prepare(self, net, task):
        if task.x.ndim < 4:
            raise ValueError("LEVI's small network needs pictures, not text")
        net.requires_grad_(False)
        self.model = Views(net, self.width, self.first).to(task.x.device)
        task.stage(self.model)

    def loss(self, net, task):
        batch = task.draw()
        return sum(F.cross_entropy(view, batch.y) for view in self.model.views(batch.x))

    def finish(self, net, task):
        return self.model
