"""AdaLoRA: give each weight the rank it needs, by pruning the least important directions.

The change of every weight is written like a singular value decomposition, whose vectors a penalty keeps orthogonal. A
triplet of a value and its two vectors is important when weights times gradients, smoothed over the steps, are large
and uncertain. All triplets of all layers compete: their number falls along a cubic curve from the start's to the
final one, values of those below are set to zero, and may come back as long as the number falls.

    W = W0 + (alpha / r_0) * P diag(lam) Q,   penalty = gamma * mean over matrices of ||P^T P - I||, ||Q Q^T - I||
    S_i = s(lam_i) + mean_j s(P_ji) + mean_j s(Q_ij),   s(w) = I(w) * U(w)                                 (eq. 7)
    I <- beta1 I + (1 - beta1) |w dL/dw|,   U <- beta2 U + (1 - beta2) | |w dL/dw| - I |                  (eq. 9, 10)
    b(t) = b_T + (b_0 - b_T) (1 - (t - t_i) / (T - t_i - t_f))^3                                           (eq. 12)

In the last t_f steps the ranks are fixed; what was pruned is then taken out, with its optimiser state.

Departs from the paper: the norm of the penalty is not squared, it is the mean over matrices and not the sum, and the
change is scaled by alpha / r_0, all as in the authors' code; query, value and both maps of the feed-forward part are
changed, as for every low-rank method here, where the paper changes all maps; ranks go from 5 to an average of 3 (a
factor of 1.7 for 1.5), so that what is trained at last fits the allowance; the number falls at every step, which the
paper's smallest data sets use, and not every tenth or hundredth.

>>> [kept(t, 10, 4, 0.1, 0.5) for t in (0.0, 0.3, 0.6)]                   # 4 + 6 * (1/2)^3 at half the way
[10, 4, 4]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import replace_linears
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def kept(t, first, last, warm, still):
    """How many triplets are kept at a share t of the budget."""
    left = 1 - (min(max(t, warm), 1 - still) - warm) / max(1 - warm - still, 1e-9)
    return int(last + (first - last) * left**3)


class Triplets(nn.Module):
    """base(x) + scale * p^T diag(lam) q x, with p (r, out), lam (r, 1), q (r, in)."""

    def __init__(self, linear, r, alpha):
        super().__init__()
        self.base, self.scale = linear, alpha / r
        out, into = linear.weight.shape
        self.p, self.q = (nn.Parameter(0.02 * torch.randn(r, size).to(linear.weight)) for size in (out, into))
        self.lam = nn.Parameter(linear.weight.new_zeros(r, 1))
        self.clear()

    def clear(self):
        self.smooth = {name: (torch.zeros_like(p), torch.zeros_like(p)) for name, p in self.parts()}

    def parts(self):
        return ("p", self.p), ("lam", self.lam), ("q", self.q)

    def forward(self, x):
        return self.base(x) + self.scale * F.linear(F.linear(x, self.q) * self.lam[:, 0], self.p.T)

    def skew(self):
        """Distance of both sets of vectors from orthonormal ones."""
        eye = torch.eye(len(self.p), device=self.p.device)
        return (self.p @ self.p.T - eye).norm() + (self.q @ self.q.T - eye).norm()

    @torch.no_grad()
    def feel(self, beta1, beta2):
        for name, w in self.parts():
            sensitivity, (mean, spread) = (w * w.grad).abs(), self.smooth[name]
            mean.lerp_(sensitivity, 1 - beta1)
            spread.lerp_((sensitivity - mean).abs(), 1 - beta2)

    def importance(self):
        """(r,)"""
        return sum((mean * spread).mean(1) for mean, spread in self.smooth.values())

    def shrink(self, rows, optimizer):
        """Keep these triplets alone, with their optimiser state."""
        for name, old in self.parts():
            fresh = nn.Parameter(old.detach()[rows])
            setattr(self, name, fresh)
            for group in optimizer.param_groups:
                group["params"] = [fresh if p is old else p for p in group["params"]]
            state = optimizer.state.pop(old, {})
            optimizer.state[fresh] = {k: v[rows] if v.shape == old.shape else v for k, v in state.items()}
        self.smooth = {}


class AdaLora(PeftMethod):
    card = Card(
        title="AdaLoRA",
        papers=(Paper("AdaLoRA: Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning", 2023,
                      arxiv="2303.10512"),),
        fidelity="faithful",
        claims=(Beats("lora", on="target_accuracy"), Beats("houlsby-adapter", on="target_accuracy"),
                Beats("bitfit", on="target_accuracy")),
    )

    first: int = param(5, "rank of every change at the start", low=2, high=8)
    r: int = param(3, "average rank at the end", low=1, high=8)
    alpha: float = param(8.0, "size of the change; divided by the rank at the start", low=0.5, high=64.0)
    gamma: float = param(0.1, "how firmly the vectors are kept orthogonal", low=0.0, high=1.0)
    beta1: float = param(0.85, "how much of the smoothed importance stays each step", low=0.0, high=0.99)
    beta2: float = param(0.85, "how much of the smoothed uncertainty stays each step", low=0.0, high=0.99)
    warm: float = param(0.1, "share of the budget before pruning starts", low=0.0, high=0.4)
    still: float = param(0.5, "share of the budget after the ranks are fixed", low=0.1, high=0.5)

    def adapt(self, net, task):
        self.layers = replace_linears(net, lambda linear: Triplets(linear, self.first, self.alpha))

    def loss(self, net, task):
        skew = self.gamma / (2 * len(self.layers)) * sum(layer.skew() for layer in self.layers)
        return super().loss(net, task) + skew

    def advance(self, net, task):
        started = self.layers[0].p.grad is not None
        if started and self.layers[0].smooth:
            for layer in self.layers:
                layer.feel(self.beta1, self.beta2)
        fixed = task.enters(1 - self.still)
        if fixed or (started and task.progress >= self.warm and self.layers[0].smooth):
            self.prune(kept(task.progress, self.first * len(self.layers), min(self.r, self.first) * len(self.layers),
                            self.warm, self.still), task.optimizer if fixed else None)

    @torch.no_grad()
    def prune(self, many, optimizer):
        """Zero the values of all but the `many` most important triplets; with an optimiser, take them out."""
        scores = torch.cat([layer.importance() for layer in self.layers])
        keep = torch.zeros_like(scores).index_fill(0, scores.argsort(descending=True, stable=True)[:many], 1.0)
        for layer, mask in zip(self.layers, keep.split(self.first), strict=True):
            layer.lam *= mask[:, None]
            if optimizer is not None:
                layer.shrink(mask.nonzero()[:, 0], optimizer)
