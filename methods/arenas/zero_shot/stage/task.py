"""What a method of zero-shot learning is given: drawings of kinds that are seen, and what all kinds mean."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.stage.arena import Trial


@dataclass
class Task:
    """Kinds are numbered from 0; the first `seen` have drawings `x` (N, W + B) with kinds `y` (N,), the others none.

    A row of `x` is `width` features and then B bits, see `features` and `bits`. `meaning` (C, T) says what each kind
    means: the vector of its name, or the shares of its drawings that have each bit. `attributes` (C, B) are those
    shares; where unseen kinds have only a name, theirs are predicted from it. `bags` (M, K, W + B) and `tags`
    (M, seen) are what the rows of `x` come from: the kinds that are somewhere in K cells. `unlabelled` (L, W + B) are
    drawings of unseen kinds in no order, in the setting that gives them.
    `many` (C - seen, W) are means of drawings of the unseen kinds, for upper bounds alone.
    """

    x: Tensor
    y: Tensor
    bags: Tensor
    tags: Tensor
    meaning: Tensor
    attributes: Tensor
    seen: int
    width: int
    trial: Trial
    unlabelled: Tensor | None = None
    many: Tensor | None = None

    def __post_init__(self):
        self.vectors = F.normalize(self.meaning - self.meaning[:self.seen].mean(0), dim=1)
        if self.trial.options.describe == "names":
            known = self.attributes[:self.seen]
            found = known.mean(0) + self.vectors @ ridge(self.vectors[:self.seen], known - known.mean(0), 10.0)
            self.attributes = torch.cat([known, found[self.seen:].clamp(0.02, 0.98)])

    @property
    def kinds(self) -> int:
        return len(self.meaning)

    @property
    def unseen(self) -> int:
        return len(self.meaning) - self.seen

    def features(self, x: Tensor) -> Tensor:
        return x[..., :self.width]

    def bits(self, x: Tensor) -> Tensor:
        """0 or 1 as floats; of a mean of drawings, what most of them have."""
        return (x[..., self.width:] > 0.5).to(x.dtype)

    def means(self, z: Tensor) -> Tensor:
        """(seen, D) of rows z (N, D) in the order of `x`."""
        return torch.zeros(self.seen, z.shape[1], dtype=z.dtype, device=z.device).index_add_(0, self.y, z) \
            / self.y.bincount(minlength=self.seen).clamp(min=1)[:, None]


def ridge(x: Tensor, y: Tensor, strength: float) -> Tensor:
    """(D, T): argmin_B |x B - y|^2 + strength |B|^2.

    >>> import torch
    >>> ridge(torch.tensor([[1.0], [1.0]]), torch.tensor([[3.0], [3.0]]), 1.0).item()               # 6 / (2 + 1)
    2.0
    """
    return torch.linalg.solve(x.T @ x + strength * torch.eye(x.shape[1], dtype=x.dtype, device=x.device), x.T @ y)


def bilinear(x: Tensor, y: Tensor, vectors: Tensor, gamma: float, lam: float) -> Tensor:
    """(D, T) ESZSL's V of rows x (N, D) of kinds y (N,) with vectors (S, T) of those kinds.

    V = (X'X + gamma I)^-1 X' Y S (S'S + lam I)^-1, Y 1 at the kind and -1 elsewhere
    """
    signs = 2 * F.one_hot(y, len(vectors)).to(x.dtype) - 1
    gram = vectors.T @ vectors + lam * torch.eye(vectors.shape[1], dtype=x.dtype, device=x.device)
    return torch.linalg.solve(gram, ridge(x, signs @ vectors, gamma).T).T


def prototypes(task: Task, strength: float) -> Tensor:
    """(C, W) where drawings of each kind should be: a ridge regression of features on what kinds mean."""
    return task.vectors @ ridge(task.vectors[task.y], task.features(task.x), strength)


class SeenClassifier:
    """Gaussians of the seen kinds with one covariance; probabilities (N, seen), tempered on a fifth of the drawings."""

    TEMPERATURES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5)

    def __init__(self, task: Task):
        self.task, x, y = task, task.features(task.x), task.y
        held = torch.arange(len(y), device=y.device) % 5 == 4
        tried = self._logits(x[held], *self._rule(x[~held], y[~held]))
        self.scale = min(self.TEMPERATURES, key=lambda t: F.cross_entropy(t * tried, y[held]).item())
        self.w, self.b = self._rule(x, y)

    def _rule(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        count = y.bincount(minlength=self.task.seen).clamp(min=1)[:, None]
        means = torch.zeros(self.task.seen, x.shape[1], dtype=x.dtype, device=x.device).index_add_(0, y, x) / count
        within = torch.cov((x - means[y]).T) + 0.02 * torch.cov(x.T).diagonal().mean() * torch.eye(
            x.shape[1], dtype=x.dtype, device=x.device)
        w = torch.linalg.solve(within, means.T)
        return w, -(w * means.T).sum(0) / 2

    @staticmethod
    def _logits(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        return x @ w + b

    def __call__(self, x: Tensor) -> Tensor:
        return (self.scale * self._logits(self.task.features(x), self.w, self.b)).softmax(1)
