"""BADGE: label items whose gradients are large and unlike each other.

The gradient that an item would give the last layer, were its likeliest class the true one, is long where the classifier
is unsure and points where the classifier would move. A k-means++ seeding on these gradients takes items one after the
other with probability proportional to the squared distance from those already taken: unsure items, spread out. The
survey of deep active learning names such hybrids of uncertainty and diversity as the way out for batches, and its
protocol is this arena's.

    g_i = (p_i - onehot(argmax p_i)) (x) h_i,   first argmax |g_i|,   then P(i) ~ min_{j taken} |g_i - g_j|^2

Follows the paper. The classifier is a logistic regression on fixed features h, so its only layer is the last.

>>> import torch
>>> p, h = torch.tensor([[0.75, 0.25], [0.5, 0.5]]), torch.tensor([[1.0, 0.0], [0.0, 2.0]])
>>> away(gradients(p), h, 0).tolist()                                     # 0, and 0.25^2 * 2 * 1 + 0.5^2 * 2 * 4
[0.0, 2.125]
"""

import torch
import torch.nn.functional as F

from methods.arenas.active_learning.arena import ActiveMethod
from methods.kit.method import Beats, Card, Paper


def gradients(p):
    """(N, C) by the logits, with the likeliest class as the true one."""
    return p - F.one_hot(p.argmax(1), p.shape[1])


def away(a, h, i):
    """Squared distances (N,) of all a (x) h from that of item i, without forming them."""
    size = a.square().sum(1) * h.square().sum(1)
    return (size + size[i] - 2 * (a @ a[i]) * (h @ h[i])).clamp(min=0)


class Badge(ActiveMethod):
    card = Card(
        title="BADGE",
        papers=(Paper("Deep Batch Active Learning by Diverse, Uncertain Gradient Lower Bounds", 2020,
                      arxiv="1906.03671", covers="the method"),
                Paper("A Survey of Deep Active Learning", 2020, arxiv="2009.00236",
                      covers="its protocol, and of its strategies the hybrid one")),
        fidelity="faithful",
        claims=(Beats("random", on="area"), Beats("random", on="area", setting="large-batches"),
                Beats("entropy", on="area", setting="large-batches"),
                Beats("core-set", on="area", setting="large-batches")),
    )

    def query(self, task, k):
        h, a = task.x[task.open], gradients(task.probabilities(task.open))
        taken = [(a.square().sum(1) * h.square().sum(1)).argmax()]
        nearest = away(a, h, taken[0])
        while len(taken) < k:
            nearest[torch.stack(taken)] = 0
            taken.append(torch.multinomial(nearest, 1)[0])
            nearest = torch.minimum(nearest, away(a, h, taken[-1]))
        return task.open[torch.stack(taken)]
