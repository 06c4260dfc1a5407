"""Importance sampling: text of other sources is read as often as its cluster is met in the little text of the domain.

    w(x) = p_domain(c(x)) / p_text(c(x)),   c: 64 clusters (k-means) of counts of pieces

Then the model goes on with the domain's own text, as all do.

Departs from the paper: 64 clusters and not thousands, of counts of pieces on a random basis; one small share of the
domain's text serves for the weights and for the end.

>>> import torch
>>> weights(torch.tensor([0, 0, 1]), torch.tensor([1, 1]), 2).tolist()
[0.0, 0.0, 3.0]
"""

import torch

from methods.arenas.causal_pretraining.arena import CausalPretrainingMethod
from methods.arenas.causal_pretraining.stage.task import Batch, gram_states
from methods.kit.method import Beats, Card, Paper

CLUSTERS = 64


def weights(of, domain, many):
    """(N,) share of each window's cluster in the domain over its share in the text."""
    p, q = (torch.bincount(each, minlength=many) / len(each) for each in (domain, of))
    return (p / q.clamp(min=1e-9))[of]


class ImportanceSampling(CausalPretrainingMethod):
    card = Card(
        title="Importance sampling",
        papers=(Paper("Specialized Language Models with Cheap Inference from Limited Domain Data", 2024,
                      arxiv="2402.01093", covers="importance sampling"),),
        fidelity="core",
        claims=(Beats("plain-text", on="bits_per_byte", setting="specialised", by=0.02),),
    )

    def prepare(self, task):
        if len(task.domain):
            of, centres = task.clusters(gram_states(task.text, task.pieces), CLUSTERS)
            domain = torch.cdist(gram_states(task.domain, task.pieces), centres).argmin(1)
            self.weights = weights(of, domain, len(centres))
        return super().prepare(task)

    def batch(self, task):
        if not len(task.domain) or task.specialising:
            return super().batch(task)
        return Batch(task.draw(weights=self.weights))
