"""Model grafting: find the few tuned weights that carry the skill, and leave all others pretrained.

After tuning, a mask over weights is learnt that says which take their tuned value. It starts from the weights that
moved furthest and is trained, both models frozen, to keep the target loss low. Rounded, it gives a graft: the
pretrained model with a small region of tuned weights, which keeps the accuracy and is calibrated better.

    gamma = base * (1 - sigmoid(S)) + (1 - base) * sigmoid(S),   base = the share of weights that moved furthest
    w = gamma * w_tuned + (1 - gamma) * w_0

Departs from the paper: tuning and mask share one budget; the mask is trained by the arena's optimiser instead of plain
gradient descent and taken as it is at the end; the classifier is under the mask too, where the authors fix it; the
region starts as a tenth of a small network instead of a ten-thousandth of a large one.

>>> import torch
>>> mask_of(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 0.0]), bias=0.0).tolist()
[0.5, 0.5]
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param

FIRST = 0.7          # share of the budget for tuning; the rest trains the mask
BIAS = 10.0          # S = 0 blends in sigmoid(-10), next to nothing, of the other model


def mask_of(base, s, bias=BIAS):
    """gamma for one tensor."""
    return base + (1 - 2 * base) * torch.sigmoid(s - bias)


class Grafting(FinetuningMethod):
    card = Card(
        title="Model grafting",
        papers=(Paper("Task-Specific Skill Localization in Fine-tuned Language Models", 2023, arxiv="2302.06600"),),
        fidelity="faithful",
        claims=(Matches("full-fine-tuning", on="target_accuracy", within=4.0),
                Beats("full-fine-tuning", on="calibration_error"),
                Beats("full-fine-tuning", on="shifted_accuracy"),
                Matches("full-fine-tuning", on="target_accuracy", within=4.0, setting="sentences"),
                Beats("full-fine-tuning", on="calibration_error", setting="sentences")),
    )

    region: float = param(0.1, "share of weights in the graft at the start", low=0.001, high=1.0)
    rate: float = param(100.0, "learning rate of the mask, in multiples of the arena's", low=1.0, high=1000.0)

    def prepare(self, net, task):
        self.before = {name: p.detach().clone() for name, p in net.named_parameters() if p.requires_grad}
        self.masks = None
        task.stage(net, end=FIRST)

    def after_step(self, net, task):
        if not task.enters(FIRST):
            return
        self.tuned = {name: p.detach().clone() for name, p in net.named_parameters() if name in self.before}
        moved = {name: (self.tuned[name] - self.before[name]).abs() for name in self.tuned}
        every = torch.cat([each.flatten() for each in moved.values()])
        least = every.topk(max(1, round(self.region * len(every)))).values[-1]
        self.start = {name: ((each >= least) & (each > 0)).float() for name, each in moved.items()}
        self.masks = nn.ParameterDict({name.replace(".", "/"): torch.zeros_like(each) for name, each in moved.items()})
        task.stage(self.masks, rate=self.rate)

    def grafted(self, rounded=False):
        """Weights by name under the mask."""
        found = {}
        for name, before in self.before.items():
            gamma = mask_of(self.start[name], self.masks[name.replace(".", "/")])
            gamma = gamma.round() if rounded else gamma
            found[name] = gamma * self.tuned[name] + (1 - gamma) * before
        return found

    def loss(self, net, task):
        if self.masks is None:
            return super().loss(net, task)
        batch = task.draw()
        return F.cross_entropy(functional_call(net, self.grafted(), (batch.x,)), batch.y)

    def finish(self, net, task):
        if self.masks is not None:
            net.load_state_dict({name: value.detach() for name, value in self.grafted(rounded=True).items()},
                                strict=False)
        return net
