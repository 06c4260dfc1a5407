"""Cappy: a small scorer, trained to tell how right an answer is, chooses among what the model says.

It regresses the correctness of a question's answer: 1 for the known answer, 0 for the known answer of another question
of the same task, and for what the model itself says the share of it that agrees with the known answer.

    loss = (sigmoid(s(x, y)) - c)^2;   c = 1, 0 or the share of right digits;   y = argmax_i s(x, y_i)

Departs from the paper: the scorer begins as a copy of the language model, not as another encoder that has read many
tasks, and its score is a linear function of the likelihood it gives an answer, through a sigmoid; agreement is counted
by digits in their place, not by Rouge-L; none of the eight answers offered is greedy.

>>> agreement(torch.tensor([[1, 2, 3, 4]]), torch.tensor([[1, 2, 6, 7]])).item()
0.5
"""

import torch

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.arenas.self_improvement.stage.sampling import picked
from methods.arenas.self_improvement.stage.scorers import Scorer, scores_of
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def agreement(said, known):
    """Share of pieces that are the same."""
    return (said == known).float().mean(-1)


class Cappy(SelfImprovementMethod):
    card = Card(
        title="Cappy",
        papers=(Paper("Cappy: Outperforming and Boosting Large Multi-Task LMs with a Small Scorer", 2023,
                      arxiv="2311.06720"),),
        fidelity="core",
        claims=(Beats("best-of-n-likelihood", on="exact_match"), Beats("majority-vote", on="exact_match")),
    )

    samples: int = param(4, "answers of the model that a question is trained with", low=1, high=16)

    def improve(self, net, task):
        asked, known = task.labelled.asked, task.labelled.answers
        said, _ = task.sample(net, asked, self.samples, purpose="to score")
        same = (task.kind_of(asked)[:, None] == task.kind_of(asked)).float().fill_diagonal_(1e-3)
        other = known[torch.multinomial(same, 1)[:, 0]]
        x = asked.repeat(2 + self.samples, 1)
        y = torch.cat([known, other, *said.unbind(1)])
        c = torch.cat([torch.ones(len(known), device=x.device), torch.zeros(len(known), device=x.device),
                       *(agreement(each, known) for each in said.unbind(1))])
        self.scorer = Scorer(net)
        task.descend(self.scorer, lambda rows: (self.scorer(x[rows], y[rows])[:, 0].sigmoid() - c[rows]).square()
                     .mean(), len(x))
        return net

    def answer(self, net, asked, task):
        said, _ = task.sample(net, asked, task.samples)
        return picked(said, scores_of(self.scorer, asked, said))
