"""Projected networks: a bank of weights, of which each cluster of text has its own linear mixture.

    W_c = sum_j a_cj W_j for both maps of every feed-forward part;   a_cj = 1 / J at first

The model of the domain's cluster is as small as any other and goes on with the domain's text.

Departs from the paper: four clusters of counts of pieces, a bank of four, no mixing of attention's weights, biases that
all clusters share; the bank begins as the start's weights with noise that cancels in the mean; at the end the bank and
the mixture of that cluster train, not the small model's own weights. Where no domain is given, the cluster of most
validation text is asked.

>>> import torch
>>> torch.einsum("j,jab->ab", torch.tensor([0.5, 0.5]), torch.tensor([[[2.0]], [[4.0]]])).tolist()
[[3.0]]
"""

from methods.arenas.causal_pretraining.arena import CausalPretrainingMethod
from methods.arenas.causal_pretraining.stage.experts import Clustered, Mixed
from methods.arenas.causal_pretraining.stage.task import Batch
from methods.kit.method import Beats, Card, Paper

CLUSTERS, BANK = 4, 4


class ProjectedNetworks(CausalPretrainingMethod):
    card = Card(
        title="Projected networks",
        papers=(Paper("Specialized Language Models with Cheap Inference from Limited Domain Data", 2024,
                      arxiv="2402.01093", covers="networks projected from a bank of weights"),),
        fidelity="core",
        claims=(Beats("plain-text", on="bits_per_byte", setting="specialised", by=0.02),
                Beats("hard-moe", on="bits_per_byte", setting="specialised")),
    )

    def prepare(self, task):
        self.clusters, net = Clustered(task, CLUSTERS), task.start()
        for block in net.blocks:
            for name in ("rise", "out"):
                setattr(block.feed, name, Mixed(getattr(block.feed, name), self.clusters.many, BANK))
        return net

    def batch(self, task):
        self.at = self.clusters.wanted if task.specialising else self.clusters.turn(task)
        return super().batch(task) if task.specialising else Batch(task.draw(task.text[self.clusters.of == self.at]))

    def loss(self, net, batch, task):
        self._switch(net, self.at)
        return super().loss(net, batch, task)

    def after_step(self, net, optimizer, value, task):
        self._switch(net, self.clusters.wanted)

    def _switch(self, net, at):
        for module in net.modules():
            if isinstance(module, Mixed):
                module.active = at
