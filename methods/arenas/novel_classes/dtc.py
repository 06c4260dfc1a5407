"""DTC: two stages, first names, then clusters that are sharpened step by step.

K-means of the embeddings after the names gives centres. Each picture belongs to each of them by Student's t; from these
shares a sharper target is made, which small clusters get more of, and embeddings and centres are trained towards it.

    p_ik ~ 1 / (1 + |z_i - m_k|^2),   q_ik ~ p_ik^2 / sum_i p_ik,   loss = KL(q | p),   q anew ten times

Departs from the paper: embeddings are not reduced to as many dimensions as clusters, there is no consistency of views
over time, and names go on being learnt. For the survey it stands for all methods in two stages;
its protocol, number of kinds told and clusters matched, is the arena's.

>>> import torch
>>> q = sharpened(torch.tensor([[0.8, 0.2], [0.4, 0.6]]))              # 0.64 / 1.2 and 0.04 / 0.8, to sum to 1
>>> [round(share, 3) for share in q[0].tolist()]
[0.914, 0.086]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.novel_classes.arena import NovelClassesMethod
from methods.arenas.novel_classes.stage.clustering import k_means
from methods.arenas.novel_classes.stage.nets import TAU
from methods.kit.method import Beats, Card, Paper


def belongs(z, centres):
    """Shares (N, K) by Student's t with one degree of freedom."""
    s = 1 / (1 + (z[:, None] - centres[None]).square().sum(2))
    return s / s.sum(1, keepdim=True)


def sharpened(p):
    q = p.square() / p.sum(0)
    return q / q.sum(1, keepdim=True)


class Dtc(NovelClassesMethod):
    card = Card(
        title="Deep transfer clustering",
        papers=(Paper("Novel Class Discovery: an Introduction and Key Concepts", 2023, arxiv="2302.12028",
                      covers="its protocol, and the methods in two stages"),
                Paper("Learning to Discover Novel Visual Categories via Deep Transfer Clustering", 2019,
                      arxiv="1908.09884", covers="the clustering")),
        fidelity="proxy",
        claims=(Beats("kmeans-supervised", on="accuracy"),),
    )

    def fit(self, task):
        net = task.pretrain(task.network(), self.named_first)
        with torch.no_grad():
            z = net(task.heap)
        self.centres = nn.Parameter(k_means(z, task.clusters, task.chance)[1])
        state = {"turn": -1}

        def loss(batch):
            if int(10 * task.progress) != state["turn"]:
                state["turn"] = int(10 * task.progress)
                with torch.no_grad():
                    state["q"] = sharpened(belongs(net(task.heap), self.centres))
            p = belongs(net(torch.cat([batch.u, batch.u2])), self.centres)
            q = state["q"][batch.rows].repeat(2, 1)
            named = F.cross_entropy(net.known(net(torch.cat([batch.x, batch.x2]))) / TAU, batch.y.repeat(2))
            return named + (q * (q.clamp(min=1e-9).log() - p.log())).sum(1).mean()

        return task.train(net, loss, 1 - self.named_first, [*net.parameters(), self.centres])

    def sort(self, net, task):
        return belongs(net(task.heap), self.centres).argmax(1)
