"""AMR-LE: what laws of logic make of a text means the same, what a slipped negation makes of it does not.

Positives are made by laws (double negation, De Morgan, conditions with their branches exchanged, sides of an equality);
negatives look as much alike and have one condition the other way round.

    L = -log exp(z z+ / tau) / (sum over the batch exp(z z+_j / tau) + sum over the batch exp(z z-_j / tau))

Departs from the paper: conditions of code are rewritten, where the authors rewrite sentences by way of their graph of
meaning; of its four laws (contraposition, implication, double negation, commutation) the last two are here, the others
are ours; negatives of the whole batch count for every text; no task of reasoning is learnt afterwards.

>>> import torch
>>> round(contrast(torch.eye(2), torch.eye(2), torch.zeros(1, 2), 1.0).item(), 4)          # log(1 + 2/e)
0.5514
"""

from methods.arenas.contrastive_text.arena import ContrastiveTextMethod
from methods.arenas.contrastive_text.stage.task import contrast
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class AmrLe(ContrastiveTextMethod):
    card = Card(
        title="AMR-LE",
        papers=(Paper("Contrastive Learning with Logic-driven Data Augmentation for Logical Reasoning over Text", 2023,
                      arxiv="2305.12599"),),
        fidelity="core",
        claims=(Beats("synonym-pairs", on="logic_accuracy"), Beats("simcse", on="logic_accuracy")),
        needs_scale=("Reading comprehension that takes reasoning becomes better (ReClor, LogiQA).",),
    )

    tau: float = param(0.05, "temperature of the softmax", low=0.01, high=1.0)

    def fit(self, task):
        encoder = task.encoder()

        def loss(ids, rows):
            others = encoder(task.rewritten(("broken",), rows))
            return contrast(encoder(ids), encoder(task.rewritten(("law",), rows)), others, self.tau)

        task.train([encoder], loss)
        return encoder
