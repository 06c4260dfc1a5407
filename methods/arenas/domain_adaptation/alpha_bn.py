"""Alpha-BN with CORE: normalise by a mixture of what the source and the batch say, and let classes part.

A small test batch gives poor statistics, the source's are biased; a fixed mixture of both is better than either. On
top of it one step per batch on the normalisation's scales and shifts lowers the probability mass that predictions
spread between classes, measured on their correlation with sure pictures counting more.

    mu = alpha * mu_s + (1 - alpha) * mu_t,   var alike
    core = mean over classes c of the off-diagonal share of  A = P^T W P,   w_i = 1 + exp(-H(p_i))

Departs from the paper: the correlation is weighted and normalised as in minimum class confusion.

>>> import torch
>>> p = torch.tensor([[0.5, 0.5]])
>>> round(confusion(p).item(), 4)            # A is uniform: half of each row is off the diagonal
0.5
"""

import torch
from torch import Tensor

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import affine, entropy, norms
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


def confusion(p: Tensor) -> Tensor:
    """Mean off-diagonal share of the class correlation of p (B, C)."""
    weight = 1 + (-entropy(p)).exp()
    correlation = p.T @ (p * (weight / weight.sum() * len(p))[:, None])
    correlation = correlation / correlation.sum(1, keepdim=True).clamp_min(1e-8)
    return 1 - correlation.diagonal().mean()


class AlphaBn(DomainAdaptationMethod):
    card = Card(
        title="Alpha-BN with CORE",
        papers=(Paper("Test-time Batch Statistics Calibration for Covariate Shift", 2021, arxiv="2110.04065"),),
        fidelity="core",
        claims=(Beats("adabn", on="target_accuracy", setting="test-time"),
                Beats("tent", on="target_accuracy", setting="test-time"),
                Beats("adabn", on="target_accuracy", setting="small-batch"),
                GainGrows("adabn", on="target_accuracy", to="small-batch", from_="test-time")),
    )

    alpha: float = param(0.7, "share of the source's statistics", low=0.0, high=1.0)
    rate: float = param(1.0, "step size of CORE, in multiples of the arena's", low=0.0, high=10.0)

    def begin(self, net, task):
        self.source = [(norm.running_mean.clone(), norm.running_var.clone()) for norm in norms(net)]
        task.optimise((affine(net), self.rate))

    @torch.no_grad()
    def calibrate(self, net, x):
        """Set the stored statistics to the mixture, layer by layer, each layer seeing the mixture before it."""
        def mix(at):
            def hook(norm, inputs):
                axes = [0, *range(2, inputs[0].dim())]
                mean, var = inputs[0].mean(axes), inputs[0].var(axes, unbiased=False)
                old_mean, old_var = self.source[at]
                norm.running_mean = self.alpha * old_mean + (1 - self.alpha) * mean
                norm.running_var = self.alpha * old_var + (1 - self.alpha) * var
            return hook

        hooks = [norm.register_forward_pre_hook(mix(at)) for at, norm in enumerate(norms(net))]
        net.eval()
        net(x)
        for hook in hooks:
            hook.remove()

    def loss(self, net, task):
        _, x = task.target()
        if len(x) < 2:
            return None
        self.calibrate(net, x)
        return confusion(net(x).softmax(1))

    def scores(self, net, x):
        if len(x) > 1:
            self.calibrate(net, x)
        return net(x)
