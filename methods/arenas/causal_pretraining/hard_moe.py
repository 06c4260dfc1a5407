"""Hard mixture of experts: a small model for each cluster of text; that of the domain's cluster goes on with its text.

    theta_c: trained on windows with c(x) = c alone;   theta = theta_c*, c* the cluster with most of the domain

All models together have the steps that another has: each gets them by how much text its cluster has.

Departs from the paper: four clusters of counts of pieces; where no domain is given, that of most validation text is
asked.

>>> import torch
>>> int(torch.bincount(torch.tensor([0, 2, 2]), minlength=4).argmax())
2
"""

from methods.arenas.causal_pretraining.arena import CausalPretrainingMethod
from methods.arenas.causal_pretraining.stage.experts import Clustered, Experts
from methods.arenas.causal_pretraining.stage.task import Batch
from methods.kit.method import Beats, Card, Paper

CLUSTERS = 4


class HardMoe(CausalPretrainingMethod):
    card = Card(
        title="Hard mixture of experts",
        papers=(Paper("Specialized Language Models with Cheap Inference from Limited Domain Data", 2024,
                      arxiv="2402.01093", covers="a hard mixture of experts"),),
        fidelity="core",
        claims=(Beats("plain-text", on="bits_per_byte", setting="specialised", by=0.02),),
    )

    def prepare(self, task):
        self.clusters = Clustered(task, CLUSTERS)
        return Experts([task.start() for _ in range(self.clusters.many)])

    def batch(self, task):
        self.at = self.clusters.wanted if task.specialising else self.clusters.turn(task)
        return super().batch(task) if task.specialising else Batch(task.draw(task.text[self.clusters.of == self.at]))

    def loss(self, net, batch, task):
        net.active = self.at
        return super().loss(net, batch, task)

    def after_step(self, net, optimizer, value, task):
        net.active = self.clusters.wanted
