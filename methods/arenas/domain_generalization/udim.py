"""UDIM: be as flat on pictures that are made to be hard as on those that are given.

After a time of SAM, each step makes pictures of an unknown domain: those given, moved a little up the gradient of loss
and sharpness. SAM's gradient on the given pictures goes on; beside it the classifier's gradients, picture by picture,
are to be small on the made ones and to vary as on the given ones.

    x~ = x + reach g / |g|,   g = grad_x [L + rho |grad_w L|]
    G = (softmax(f) - y) z',   V = mean (G - mean_x G)^2,   V~ = mean (G~ - mean_x G)^2
    gradient = SAM's + weight * grad [mean ((V - V~) / 2)^2 + mean_x~ |G~|^2 / size],   in weight and bias apart

Departs from the paper: `reach` is ours, measured a picture, where the authors' code normalises over the batch; the
first half is SAM, where the authors begin with a network that SAM has trained and go on so for a fifth of the steps;
batch norms know both kinds of pictures. rho and the weight are the authors' code's. Their single-source runs move style
and not dots.

>>> import torch
>>> in_weight, in_bias = head_gradients(torch.zeros(1, 2), torch.tensor([0]), torch.tensor([[4.0]]))
>>> in_weight.flatten().tolist(), in_bias.flatten().tolist()                                 # (1/2 - 1, 1/2) times 4
([-2.0, 2.0], [-0.5, 0.5])
"""

import torch
import torch.nn.functional as F

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.arenas.domain_generalization.stage.sharpness import backward_uphill
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


def head_gradients(logits, y, z):
    """Each picture's gradient of its loss: in the classifier's weight (N, K * D) and bias (N, K)."""
    off = logits.softmax(1) - F.one_hot(y, logits.shape[1])
    return (off[:, :, None] * z[:, None]).flatten(1), off


def inconsistency(given, made):
    """Of gradients (N, P), a pair for each array of the classifier."""
    means = [g.mean(0) for g in given]
    one, other = (torch.cat([(g - m).square().mean(0) for g, m in zip(kind, means, strict=True)])
                  for kind in (given, made))
    return ((one - other) / 2).square().mean() + sum(g.square().sum(1).mean() / g.shape[1] for g in made)


class Udim(DomainGeneralizationMethod):
    card = Card(
        title="UDIM",
        papers=(Paper("Unknown Domain Inconsistency Minimization for Domain Generalization", 2024,
                      arxiv="2403.07329"),),
        fidelity="core",
        claims=(Beats("sam", on="target_loss"), Beats("sam", on="target_accuracy"),
                GainGrows("sam", on="target_accuracy", to="single-source")),
    )

    rho: float = param(0.05, "radius of the ball in which the highest loss is sought", low=0.001, high=1.0)
    reach: float = param(1.0, "how far a picture is moved", low=0.0, high=10.0)
    weight: float = param(1.0, "weight of the inconsistency", low=0.0, high=10.0)
    warm_up: float = param(0.5, "share of the steps with SAM alone", low=0.0, high=1.0)

    def backward(self, net, batch, task):
        def loss():
            return F.cross_entropy(net(batch.x), batch.y)

        if task.progress < self.warm_up:
            return backward_uphill(net, loss, self.rho)
        x = batch.x.detach().clone().requires_grad_(True)
        plain = F.cross_entropy(net(x), batch.y)
        sharp = torch.cat([g.flatten() for g in torch.autograd.grad(plain, list(net.parameters()), create_graph=True)])
        g, = torch.autograd.grad(plain + self.rho * sharp.norm(), x)
        made = (x + self.reach * g / (g.flatten(1).norm(dim=1)[:, None, None, None] + 1e-12)).detach()
        found = backward_uphill(net, loss, self.rho)
        z = net.features(torch.cat([batch.x, made]))
        parts = head_gradients(net.head(z), batch.y.repeat(2), z)
        half = len(batch.y)
        (self.weight * inconsistency([p[:half] for p in parts], [p[half:] for p in parts])).backward()
        return found
