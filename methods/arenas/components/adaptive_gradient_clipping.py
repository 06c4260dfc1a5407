"""Adaptive gradient clipping: bound each unit's gradient by the size of its weights.

A network without normalisers breaks at learning rates that batch normalisation withstands: now and then a
gradient is large against the weights it changes. This clips unit by unit: when the gradient of a unit's
incoming weights exceeds lam times their norm it is scaled back to that. The classifier's weights are left alone;
gains and biases are clipped, those of a layer as one unit, and so are the scalar gains of the branches. The
network is the normaliser-free one with predicted variances, scaled weights and zero gains.

    G_i <- lam * max(||W_i||, eps) / ||G_i|| * G_i    where ||G_i|| > lam * max(||W_i||, eps)    (eq. 3)

Departs from the paper: plain pairs of convolutions instead of its large architecture, and none of its heavy
augmentation; lam is what it takes for batches of 4096, and a few hundred steps open the zero gains hardly; the
classifier's bias is clipped, where the paper leaves the last layer out.

>>> weight, gradient = torch.tensor([[3.0, 4.0], [3.0, 4.0]]), torch.tensor([[6.0, 8.0], [0.3, 0.4]])
>>> clipped(gradient, weight, lam=0.2).tolist()     # the first unit's norm 10 is cut to 0.2 * 5
[[0.6000000238418579, 0.800000011920929], [0.30000001192092896, 0.4000000059604645]]
"""

import torch
from torch.nn.utils import parametrize

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class AdaptiveGradientClipping(ComponentsMethod):
    card = Card(
        title="Adaptive gradient clipping (NFNet)",
        papers=(Paper("High-Performance Large-Scale Image Recognition Without Normalization", 2021, "2102.06171"),),
        fidelity="core",
        claims=(Beats("nf-resnet", on="accuracy", setting="high-rate"),),
        needs_scale=("Matches batch-normalised networks, with no dependence on batch size, once its clipped zero gains "
                     "have opened (in the few hundred steps here they hardly do).",),
        reduces_to=("nf-resnet", {"lam": 1000000.0}),
    )

    lam: float = param(0.01, "largest norm of a unit's gradient, as a share of its weights' norm",
                       low=0.001, high=1000000.0)
    alpha: float = param(0.2, "deviation that every branch adds to the stream once it is open", low=0.01, high=2.0)

    def norm(self, channels, site):
        deviation = 1.0 if site.place == "inner" else (1 + site.branch * self.alpha**2) ** 0.5
        return nets.ScaledActivation(deviation, site.activated)

    def connect(self, branch, norm, site):
        return nets.PreNormBlock(nets.GainedBranch(branch, self.alpha), norm)

    def prepare(self, model):
        for branch in model.branches:
            for layer in branch.path:
                parametrize.register_parametrization(layer, "weight", nets.ScaledWeight(layer.weight))

    def backward(self, model, x, y):
        loss = super().backward(model, x, y)
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if name != "head.weight":
                    weight.grad = clipped(weight.grad, weight, self.lam)
        return loss


def clipped(gradient, weight, lam: float, eps: float = 1e-3):
    """(out, ...) with each output unit's norm at most lam times that of its weights, or lam * eps.

    A scalar or a vector, also one that is shaped to multiply weights, is one unit.
    """
    def norms(tensor):
        inputs = tuple(range(1, tensor.dim())) if tensor.squeeze().dim() > 1 else tuple(range(tensor.dim()))
        return torch.linalg.vector_norm(tensor, dim=inputs, keepdim=True)

    bound = lam * norms(weight).clamp(min=eps)
    return gradient * (bound / norms(gradient).clamp(min=1e-6)).clamp(max=1.0)
