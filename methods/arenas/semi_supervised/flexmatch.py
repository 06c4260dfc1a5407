"""FlexMatch: ask less certainty of a guess for classes that are not learnt yet.

As FixMatch, but each class has its own threshold. How many pictures have been named so with certainty says how far a
class is learnt; the best learnt keeps the full threshold, others get a lower one.

    sigma_c = pictures last named c with a probability above tau,   beta_c = sigma_c / max(max sigma, never so named)
    tau_c = tau beta_c / (2 - beta_c),   loss = CE(y, p(weak x)) + lam mean_u [max q >= tau_c] CE(c, p(strong u))

Departs from the paper: network, views and optimiser are the arena's, and the trained weights are asked, not their
average; tau and lam are the paper's.

>>> import torch
>>> [round(v, 3) for v in thresholds(torch.tensor([0, 0, 0, 0, 1, 1, -1]), 2, 0.9).tolist()]    # beta 1 and 1/2
[0.9, 0.3]
"""

import torch
import torch.nn.functional as F

from methods.arenas.semi_supervised.arena import SemiSupervisedMethod
from methods.arenas.semi_supervised.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def thresholds(last, classes, tau):
    """Of each class, from what each picture was last named with certainty (N,), -1 for never."""
    sigma = torch.bincount(last[last >= 0], minlength=classes)
    beta = sigma / max(int(sigma.max()), int((last < 0).sum()), 1)
    return tau * beta / (2 - beta)


class Flexmatch(SemiSupervisedMethod):
    card = Card(
        title="FlexMatch",
        papers=(Paper("FlexMatch: Boosting Semi-Supervised Learning with Curriculum Pseudo Labeling", 2021,
                      arxiv="2110.08263"),),
        fidelity="faithful",
        claims=(Beats("fixmatch", on="accuracy"), Beats("fixmatch", on="accuracy", setting="one-label")),
    )

    rate: float = rate_factor(3.0)
    tau: float = param(0.95, "probability from which a guess of the best learnt class counts", low=0.5, high=0.999)
    lam: float = param(1.0, "weight of pictures without labels", low=0.0, high=10.0)

    def network(self, task):
        net = task.network()
        self.last = torch.full((task.unlabelled,), -1, device=net.classifier.weight.device)
        return net

    def loss(self, net, batch, task):
        sizes = [len(batch.x), len(batch.weak), len(batch.strong)]
        x, weak, strong = net(torch.cat([batch.x, batch.weak, batch.strong])).split(sizes)
        top, named = weak.detach().softmax(1).max(1)
        counts = top >= thresholds(self.last, weak.shape[1], self.tau)[named]
        sure = top >= self.tau
        self.last[batch.rows[sure]] = named[sure]
        return F.cross_entropy(x, batch.y) + self.lam * (F.cross_entropy(strong, named, reduction="none")
                                                         * counts).mean()
