"""Group DRO: domains that are learnt badly count more, step by step.

    q_d <- q_d exp(eta L_d) / sum,   loss = sum_d q_d L_d,   L_d = mean CE of the batch's pictures of domain d

So the loss nears that of the worst domain; where a short cut fails in one of them, that one is heard.

Departs from the paper: groups are domains and not domains by class, as in DomainBed, whose eta it is; the network is
small and not held back otherwise.

>>> import torch
>>> [round(q, 4) for q in weighed(torch.tensor([0.5, 0.5]), torch.tensor([0.0, 1.0]), 0.6931472).tolist()]  # 1 : 2
[0.3333, 0.6667]
"""

import torch
import torch.nn.functional as F

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def weighed(q, losses, eta):
    q = q * (eta * losses).exp()
    return q / q.sum()


class GroupDro(DomainGeneralizationMethod):
    card = Card(
        title="Group DRO",
        papers=(Paper("Distributionally Robust Neural Networks for Group Shifts: On the Importance of Regularization "
                      "for Worst-Case Generalization", 2019, arxiv="1911.08731"),),
        fidelity="core",
        claims=(Beats("erm", on="target_accuracy", setting="spurious"),),
        reduces_to=("erm", {"eta": 0.0}),
    )

    eta: float = param(0.01, "how fast weight moves to domains with a higher loss", low=0.0, high=10.0)

    def fit(self, task):
        self.q = torch.full((task.domains,), 1 / task.domains, device=task.trial.device)
        return super().fit(task)

    def loss(self, net, batch, task):
        losses = torch.stack([part.mean() for part in batch.by_domain(
            F.cross_entropy(net(batch.x), batch.y, reduction="none"))])
        self.q = weighed(self.q, losses.detach(), self.eta)
        return self.q @ losses
