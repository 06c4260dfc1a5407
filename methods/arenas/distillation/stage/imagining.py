"""A student that is to say several teachers' features at once, for methods that differ in the targets it is given."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from methods.kit.student_nets import Said


@dataclass(frozen=True)
class Balance:
    """Targets of a teacher's features y (N, D): (y - mean) @ there, and back."""

    mean: Tensor
    there: Tensor
    back: Tensor

    def targets(self, y: Tensor) -> Tensor:
        return (y - self.mean) @ self.there

    def features(self, targets: Tensor) -> Tensor:
        return targets @ self.back + self.mean


class Imagining(nn.Module):
    """A trunk and a head for each teacher; the first teacher's own last layer names classes by what is imagined."""

    def __init__(self, trunk: nn.Module, wide: int, balances: list[Balance], judge: nn.Module):
        super().__init__()
        self.trunk, self.balances = trunk, balances
        self.heads = nn.ModuleList([nn.Linear(wide, balance.there.shape[1]) for balance in balances])
        self._judge = (judge,)           # not the student's own weights

    def targets(self, x: Tensor) -> list[Tensor]:
        features = self.trunk(x).features
        return [head(features) for head in self.heads]

    def imagine(self, x: Tensor) -> list[Tensor]:
        return [balance.features(said) for balance, said in zip(self.balances, self.targets(x), strict=True)]

    def forward(self, x: Tensor) -> Said:
        features = self.trunk(x).features
        return Said(self._judge[0](self.balances[0].features(self.heads[0](features))), features)


def spectrum(y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, eigenvalues and eigenvectors (as columns) of the covariance of y (N, D), in double precision."""
    y = y.double()
    mean = y.mean(0)
    values, vectors = torch.linalg.eigh((y - mean).T @ (y - mean) / len(y))
    return mean, values.clamp(min=0), vectors


def balance(mean: Tensor, there: Tensor, back: Tensor) -> Balance:
    return Balance(mean.float(), there.float(), back.float())


def student_of(task, make) -> Imagining:
    """The arena's student with a head for each teacher; `make` turns a teacher's features into a `Balance`."""
    net = task.student()
    return Imagining(net, net.wide, [make(said.features) for said in task.told], task.teacher.head).to(task.device)


def told_error(student: Imagining, batch) -> Tensor:
    """Squared error of the balanced targets, mean over pictures, dimensions and teachers."""
    errors = [(said - balance.targets(taught.features)).square().mean() for said, balance, taught in
              zip(student.targets(batch.x), student.balances, batch.taught, strict=True)]
    return torch.stack(errors).mean()
