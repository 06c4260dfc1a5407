"""DMoERM: a reward model of experts, one for each kind of question and within it one for each point of an answer.

A question goes to the model of its kind. There three low-rank experts change the state, each trained on what is said
about one point, and a small network makes one reward of what the three say together.

    e_c = h + B_c A_c h;   l_c = log p(y | e_c) by piece;   -log sigmoid(w_c (l_c - l_c'))
    r = MLP([l_1, l_2, l_3]), all else held;   -log sigmoid(r - r')

Departs from the paper: kinds share the body, trained on all pairs, and have their own experts on its last state alone;
experts speak by the likelihood of each piece, where the MLP there reads their states; the kind is read off the word,
not predicted; points are right digits in the first half, in the second, and in any order.

>>> expert(torch.eye(2)[None], torch.zeros(1, 2, 1), torch.zeros(1, 1, 2)).tolist()
[[[1.0, 0.0], [0.0, 1.0]]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.arenas.self_improvement.stage.sampling import picked
from methods.arenas.self_improvement.stage.scorers import Scorer, scores_of
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def expert(h, up, down):
    """States h + B A h, from h (N, M, D), B (N, D, R) and A (N, R, D)."""
    return h + (h @ down.mT) @ up.mT


class Experts(nn.Module):
    """Rewards from a trained scorer's states, by kind of question."""

    def __init__(self, scorer, kinds, kind_of, length, points=3, rank=4, hidden=16):
        super().__init__()
        self.scorer, self.kind_of, width = scorer.requires_grad_(False), kind_of, scorer.body.width
        self.up = nn.Parameter(torch.zeros(kinds, points, width, rank))
        self.down = nn.Parameter(torch.randn(kinds, points, rank, width) / width ** 0.5)
        self.say = nn.Parameter(torch.ones(kinds, points, length) / length)
        self.join = nn.Parameter(torch.randn(kinds, points * length, hidden) / (points * length) ** 0.5)
        self.end = nn.Parameter(torch.randn(kinds, hidden) / hidden ** 0.5)

    def pieces(self, asked, said):
        """(N, 3, A) how likely each expert of a question's kind finds each piece, and the kind (N,)."""
        kind, h = self.kind_of(asked), self.scorer.states(asked, said)
        each = expert(h[:, None], self.up[kind], self.down[kind])
        return self.scorer.pieces(each, said[:, None].expand(-1, each.shape[1], -1)), kind

    def points(self, asked, said):
        log_p, kind = self.pieces(asked, said)
        return (log_p * self.say[kind]).sum(2)

    def forward(self, asked, said):
        log_p, kind = self.pieces(asked, said)
        hidden = torch.einsum("nd,ndh->nh", log_p.flatten(1), self.join[kind]).tanh()
        return (hidden * self.end[kind]).sum(1, keepdim=True)


class Dmoerm(SelfImprovementMethod):
    card = Card(
        title="DMoERM",
        papers=(Paper("DMoERM: Recipes of Mixture-of-Experts for Effective Reward Modeling", 2024,
                      arxiv="2403.01197"),),
        fidelity="core",
        claims=(Beats("single-reward", on="exact_match", setting="preferences"),
                Beats("single-reward", on="auroc", setting="preferences")),
    )

    rank: int = param(4, "rank of an expert", low=1, high=16)
    rate: float = param(0.01, "learning rate of experts", low=1e-4, high=0.1)

    def improve(self, net, task):
        p, scorer = task.preferences, Scorer(net)
        task.descend(scorer, lambda rows: -F.logsigmoid(
            scorer(p.asked[rows], p.better[rows]) - scorer(p.asked[rows], p.worse[rows])).mean(), len(p.asked))
        self.reward = Experts(scorer, task.kinds, task.kind_of, task.length, rank=self.rank).to(p.asked.device)

        def about_points(rows):
            lead = self.reward.points(p.asked[rows], p.better[rows]) - self.reward.points(p.asked[rows], p.worse[rows])
            said = p.points[rows]
            return -(F.logsigmoid(lead * said) * said.abs()).sum() / said.abs().sum().clamp(min=1)

        task.descend(self.reward, about_points, len(p.asked), rate=self.rate)
        for part in (self.reward.up, self.reward.down, self.reward.say):
            part.requires_grad_(False)
        task.descend(self.reward, lambda rows: -F.logsigmoid(
            self.reward(p.asked[rows], p.better[rows]) - self.reward(p.asked[rows], p.worse[rows])).mean(),
            len(p.asked), rate=self.rate)
        return net

    def answer(self, net, asked, task):
        said, _ = task.sample(net, asked, task.samples)
        return picked(said, scores_of(self.reward, asked, said))
