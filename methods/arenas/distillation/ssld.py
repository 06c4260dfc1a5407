"""SSLD: no labels at all, the teacher's probabilities by Jensen-Shannon divergence, on pictures that it is sure of.

Labels are left out even where there are some. Unlabelled pictures that nearly repeat a labelled one or each other are
dropped, and of each class the teacher's surest are kept, so that no class is rare. The divergence is symmetric and
bounded, so a picture on which both are sure and disagree does not run away with the batch.

    L = JS(p_T, p_S) = 1/2 KL(p_T || m) + 1/2 KL(p_S || m),   m = (p_T + p_S) / 2

Departs from the paper: near repetition is judged by the teacher's features (cosine above 0.999) in place of key points;
of 10,000 unlabelled pictures at most 700 a class are kept; there is no second pass on the labelled pictures alone.

>>> import torch
>>> round(float(js(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]))), 4)                  # log 2
0.6931
>>> surest(torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]), 1).tolist()
[0, 2]
"""

import torch
import torch.nn.functional as F

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.task import js
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def surest(p, most):
    """Rows that are among the `most` of their first choice's class in which p (N, C) is highest, in order."""
    top, named = p.max(1)
    rows = [torch.nonzero(named == c).flatten() for c in range(p.shape[1])]
    return torch.cat([each[top[each].argsort(descending=True)[:most]] for each in rows]).sort().values


def repeated(features, limit):
    """(N,) whether a row has a cosine above `limit` with one that comes before it."""
    z = F.normalize(features, dim=1)
    parts = [((part @ z.T) > limit).tril(1000 * i - 1).any(1) for i, part in enumerate(z.split(1000))]
    return torch.cat(parts)


class Ssld(DistillationMethod):
    card = Card(
        title="SSLD",
        papers=(Paper("Beyond Self-Supervision: A Simple Yet Effective Network Distillation Alternative to Improve "
                      "Backbones", 2021, arxiv="2103.05959"),),
        fidelity="core",
        claims=(Beats("label-training", on="accuracy"), Beats("kd-labelled", on="accuracy")),
    )

    most: int = param(700, "unlabelled pictures kept of each class", low=10, high=10000)
    alike: float = param(0.999, "cosine from which two pictures repeat each other", low=0.5, high=1.0)

    def choose(self, task):
        few, said = task.labelled, task.told[0]
        fresh = torch.nonzero(~repeated(said.features, self.alike)).flatten()
        fresh = fresh[fresh >= few]
        kept = fresh[surest(said.logits[fresh].softmax(1), self.most)]
        return torch.cat([torch.arange(few, device=kept.device), kept])

    def loss(self, student, batch, task):
        return js(student(batch.x).logits.softmax(1), batch.taught[0].logits.softmax(1)).mean()
