"""LP-FT: first fit the classifier on frozen features, then tune everything.

A classifier that starts wrong sends large, arbitrary gradients into the features and bends those that the small
target happens to touch, which hurts wherever the target does not reach. Fitting the classifier first leaves little
for the features to be pulled by when they are freed.

    stage 1: min over head of CE(head(f_0(x)), y) + decay/2 |W|^2, to convergence
    stage 2: min over head and f of CE(head(f(x)), y), from there

Stage 1 is a logistic regression on features that are computed once, fitted by L-BFGS as the paper's own is; it passes
no picture through the network with gradients, so the whole budget is left for stage 2.

Departs from the paper: the network is a small convolutional one (outside `sentences`), and the penalty is given
instead of chosen among many on held-out pictures.

>>> import torch
>>> head = torch.nn.Linear(1, 2)
>>> fit_probe(head, torch.tensor([[-1.0], [1.0]]), torch.tensor([0, 1]), decay=0.1)
>>> d = (head.weight[1] - head.weight[0]).item()                   # where decay * d / 2 = 1 / (1 + e^d)
>>> round(d, 3)
2.128
"""

import torch
import torch.nn.functional as F

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def fit_probe(head, z, y, decay):
    """Fit the linear map `head` to features z (N, D) and classes y (N,) by L-BFGS, from zero."""
    weight, bias = (torch.zeros_like(p, requires_grad=True) for p in (head.weight, head.bias))
    solver = torch.optim.LBFGS([weight, bias], max_iter=100, tolerance_grad=1e-5, line_search_fn="strong_wolfe")

    def closure():
        solver.zero_grad()
        loss = F.cross_entropy(z @ weight.T + bias, y) + decay / 2 * weight.square().sum()
        loss.backward()
        return loss

    solver.step(closure)
    with torch.no_grad():
        head.weight.copy_(weight)
        head.bias.copy_(bias)


class LpFt(FinetuningMethod):
    card = Card(
        title="LP-FT",
        papers=(Paper("Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", 2022,
                      arxiv="2202.10054"),),
        fidelity="faithful",
        claims=(Beats("full-fine-tuning", on="shifted_accuracy", setting="new-head"),
                Beats("linear-probe", on="shifted_accuracy", setting="new-head"),
                Beats("full-fine-tuning", on="target_accuracy", setting="new-head")),
    )

    decay: float = param(0.01, "penalty on the classifier's weights while it is fitted", low=1e-4, high=1.0)

    def prepare(self, net, task):
        with torch.no_grad():
            z = net.features(task.x)
        fit_probe(net.head, z, task.y, self.decay)
