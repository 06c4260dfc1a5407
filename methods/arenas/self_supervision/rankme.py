"""RankMe: choose among trainings by how many directions their embeddings fill, without any label.

An embedding that has lost directions cannot be good, so of several trainings the one of the highest effective rank is
kept. Here SimCLR is trained at four temperatures, each for a quarter of the budget.

    RankMe(Z) = exp(-sum_k p_k log p_k),   p_k = s_k / sum_l s_l + 1e-7,   s = singular values of Z

Departs from the paper: the trainings are four short ones of one method, and Z is of all unlabelled pictures.

>>> import torch
>>> round(rank(torch.tensor([[2.0, 0.0], [0.0, 2.0], [0.0, 0.0]])).item(), 3)                  # two even directions
2.0
"""

import torch

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.selection import candidates
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def rank(z):
    values = torch.linalg.svdvals(z)
    share = values / values.sum() + 1e-7
    return (-(share * share.log()).sum()).exp()


class Rankme(SelfSupervisionMethod):
    card = Card(
        title="RankMe",
        papers=(Paper("RankMe: Assessing the downstream performance of pretrained self-supervised representations by "
                      "their rank", 2022, arxiv="2210.02885"),),
        fidelity="faithful",
        claims=(Matches("label-oracle-selection", on="linear", within=1.5), Beats("random-selection", on="linear")),
    )

    rate: float = rate_factor(1.0)
    of: str = param("projector", "whose output is ranked", choices=("projector", "encoder"))

    def fit(self, task):
        nets = candidates(task, self.rate)

        @torch.no_grad()
        def filled(net):
            net.eval()
            return rank((net if self.of == "projector" else net.encoder)(task.pictures)).item()

        return max(nets, key=filled).encoder
