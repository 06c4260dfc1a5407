"""AdaBN: keep the weights and let batch normalisation count the target anew.

What a network knows of the classes sits in its weights, what it knows of the domain in the means and variances of its
normalisation layers. So the weights stay, and the statistics are those of the target's pictures. In a stream they are
those of the batch at hand, which is prediction-time normalisation.

    y = gamma * (x - mean_t) / sqrt(var_t + eps) + beta                                             (alg. 1)

Departs from the paper: statistics are averaged over batches of 256 of the whole network instead of online. Where there
is a source, training on it goes on before, as for source-only.

>>> import torch
>>> from methods.arenas.domain_adaptation.stage.nets import DomainNet, reestimate
>>> net = DomainNet(1, 4, 2, 2)
>>> with torch.no_grad():
...     _ = net.stem[0].weight.zero_()
>>> reestimate(net, torch.ones(4, 1, 4, 4))              # every activation is 0 now
>>> net.stem[1].running_mean.tolist()
[0.0, 0.0]
"""

from methods.arenas.domain_adaptation.arena import DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import reestimate
from methods.kit.method import Beats, Card, Paper


class Adabn(DomainAdaptationMethod):
    card = Card(
        title="AdaBN",
        papers=(Paper("Revisiting Batch Normalization For Practical Domain Adaptation", 2016, arxiv="1603.04779"),),
        fidelity="faithful",
        claims=(Beats("source-only", on="target_accuracy"),),
    )

    def end(self, net, task):
        reestimate(net, task.unlabelled)
