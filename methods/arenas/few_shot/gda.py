"""GDA: a Gaussian of each kind with one covariance, in closed form, beside what the names say.

If every kind is a Gaussian and all share a covariance, Bayes' rule is a linear classifier, which needs means and one
inverse. The inverse is shrunk towards a ball, the more the fewer drawings there are. Its logits are added to those of
the names; their weight alone is chosen.

    S^-1 = d ((N - 1) Cov + tr(Cov) I)^-1,   w_c = S^-1 m_c,   b_c = -m_c' S^-1 m_c / 2
    logits = 100 cos(B x, t_c) + alpha (w_c' x + b_c)

Departs from the paper: names meet pictures by a linear map fitted on the base drawings, as there is no network trained
on both; features are less the mean of the base drawings before they are brought to length one; the weight is chosen on
episodes of other kinds, not on more pictures of the same; one drawing of each kind has no spread about its mean, so in
`one-shot` the covariance is about the mean of all drawings (the paper looks at several crops of each picture).

>>> import torch
>>> x = torch.tensor([[[[1.0, 0.0], [3.0, 0.0]], [[0.0, 1.0], [0.0, 3.0]]]])      # cov: 4/3 * I/2, N = 4, d = 2
>>> [round(v, 4) for v in gaussians(x)[0][0, 0].tolist()]           # about the means: cov = 2/3 I, tr 4/3, 2/(2 + 4/3)
[1.2, 0.0]
"""

import torch

from methods.arenas.few_shot.arena import FewShotMethod
from methods.arenas.few_shot.stage.task import best_map, by_name
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def gaussians(support):
    """Weights (E, W, D) and offsets (E, W) of the linear rule, from drawings (E, W, S, D)."""
    episodes, _, shots, width = support.shape
    means = support.mean(2)
    away = (support - (means[:, :, None] if shots > 1 else support.mean((1, 2), keepdim=True))).flatten(1, 2)
    away = away - away.mean(1, keepdim=True)
    n = away.shape[1]
    cov = away.transpose(1, 2) @ away / (n - 1)
    trace = cov.diagonal(dim1=1, dim2=2).sum(1)[:, None, None]
    eye = torch.eye(width, dtype=cov.dtype, device=cov.device).expand(episodes, -1, -1)
    w = width * torch.linalg.solve((n - 1) * cov + trace * eye, means.transpose(1, 2)).transpose(1, 2)
    return w, -(w * means).sum(2) / 2


class Gda(FewShotMethod):
    card = Card(
        title="GDA with names",
        papers=(Paper("A Hard-to-Beat Baseline for Training-free CLIP-based Adaptation", 2024, arxiv="2402.04087"),),
        fidelity="core",
        claims=(Beats("zero-shot", on="accuracy"), Beats("tip-adapter", on="accuracy"),
                Beats("tip-adapter", on="accuracy", setting="one-shot"),
                Matches("logistic-probe", on="accuracy", within=0.5, cost="seconds")),
    )

    alpha: float = param(-1.0, "weight of the Gaussians; below 0 the best of seven by validation", low=-1.0, high=100.0)

    def prepare(self, task):
        self.mapped, practice = best_map(task), task.practice
        grid = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0) if self.alpha < 0 else (self.alpha,)
        names, shots = self.parts(practice, task)
        self.weight = max(grid, key=lambda alpha: task.accuracy(names + alpha * shots))

    def parts(self, asked, task):
        w, b = gaussians(task.unit(asked.support))
        return 100 * by_name(asked, self.mapped, task), task.unit(asked.query) @ w.transpose(1, 2) + b[:, None]

    def classify(self, asked, task):
        names, shots = self.parts(asked, task)
        return names + self.weight * shots
