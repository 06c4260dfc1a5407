"""Self-Judge: a judge without the known answer learns from the model's own judgements with it.

What an answer is worth is first said with the known answer at hand: how likely the model finds it after having read the
known one, and how similar the two are. A judge is trained on that label twice, with and without the known answer, and
what the one with it says is taught to the one without.

    q = (p(y | x, y*, x)^(1/A) + sim(y, y*)) / 2
    loss = 0.3 BCE(J(x, y), q) + BCE(J(x, y*, x, y), q) + lam KL(J(x, y*, x, y) || J(x, y));   y = argmax_i J(x, y_i)

Departs from the paper: the model is not asked for a grade in words but for a likelihood, and so are the judges, which
share weights; similarity is the share of equal digits and not a cosine of embeddings; the two labels are averaged.
Weights are those of the published code.

>>> round(divergence(torch.tensor(0.0), torch.tensor(0.0)).item(), 4)
0.0
"""

import torch
import torch.nn.functional as F

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.arenas.self_improvement.stage.sampling import log_p, picked
from methods.arenas.self_improvement.stage.scorers import Scorer, scores_of
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def divergence(teacher, student):
    """Of two chances given as logits."""
    p = teacher.sigmoid()
    return (p * (F.logsigmoid(teacher) - F.logsigmoid(student))
            + (1 - p) * (F.logsigmoid(-teacher) - F.logsigmoid(-student))).mean()


class SelfJudge(SelfImprovementMethod):
    card = Card(
        title="Self-Judge",
        papers=(Paper("Self-Judge: Selective Instruction Following with Alignment Self-Evaluation", 2024,
                      arxiv="2409.00935"),),
        fidelity="core",
        claims=(Beats("best-of-n-likelihood", on="auroc"), Beats("best-of-n-likelihood", on="exact_match")),
    )

    lam: float = param(2.0, "weight of what the judge with the known answer says", low=0.0, high=10.0)
    samples: int = param(4, "answers of the model that a question is trained with", low=1, high=16)

    def improve(self, net, task):
        asked, known = (t.repeat_interleave(self.samples, 0) for t in (task.labelled.asked, task.labelled.answers))
        said = task.sample(net, task.labelled.asked, self.samples, purpose="to judge")[0].flatten(0, 1)
        told = torch.cat([asked, known, asked], 1)
        with torch.no_grad():
            q = ((log_p(net, told, said) / said.shape[1]).exp() + (said == known).float().mean(1)) / 2
        self.judge = Scorer(net)

        def loss(rows):
            blind = self.judge(asked[rows], said[rows])[:, 0]
            seeing = self.judge(told[rows], said[rows])[:, 0]
            return 0.3 * F.binary_cross_entropy_with_logits(blind, q[rows]) + F.binary_cross_entropy_with_logits(
                seeing, q[rows]) + self.lam * divergence(seeing.detach(), blind)

        task.descend(self.judge, loss, len(asked))
        return net

    def answer(self, net, asked, task):
        said, _ = task.sample(net, asked, task.samples)
        return picked(said, scores_of(self.judge, asked, said))
