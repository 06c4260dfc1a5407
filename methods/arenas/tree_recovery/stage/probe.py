"""The probe of the arena of trees: a map to a small space where neighbours' distance is the height of their split."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.tree_recovery.stage.task import Said, Trees


def ranked(said: Tensor, heights: Tensor, there: Tensor) -> Tensor:
    """Mean hinge over pairs of splits of a statement: the higher shall be farther by one; (S, N) each.

    >>> ranked(torch.tensor([[2.0, 1.5]]), torch.tensor([[2, 1]]), torch.tensor([[True, True]])).item()
    0.5
    """
    sign = (heights[:, :, None] - heights[:, None]).sign()
    pairs = (sign != 0) & there[:, :, None] & there[:, None]
    return (F.relu(1 - sign * (said[:, :, None] - said[:, None])) * pairs).sum() / pairs.sum().clamp(min=1)


class TreeProbe(nn.Module):
    """Of states (S, T, D): squared distance of neighbours, labels (`kinds`) of splits and of tokens, in a space of
    `rank`."""

    def __init__(self, width: int, rank: int, kinds: int):
        super().__init__()
        self.b = nn.Parameter(nn.init.orthogonal_(torch.empty(width, rank)))
        self.split, self.single = (nn.Parameter(torch.randn(rank, kinds) * 0.1) for _ in range(2))

    def forward(self, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = states @ self.b
        step = h[:, :-1] - h[:, 1:]
        return step.square().sum(2), step @ self.split, h @ self.single

    def spread(self) -> Tensor:
        """|B^T B - I|^2."""
        return (self.b.T @ self.b - torch.eye(self.b.shape[1], device=self.b.device)).square().sum()


def train(trees: Trees, layer: int, rank: int, rate: float, penalty: float) -> TreeProbe:
    """Adam on ranking, labels and the penalty."""
    trial, (heights, labels, singles), states = trees.trial, trees.known, trees.states[layer]
    probe, drawn = TreeProbe(states.shape[2], rank, trees.kinds).to(states.device), trial.generator("probe")
    optimizer = torch.optim.Adam(probe.parameters(), rate)
    place = torch.arange(states.shape[1], device=states.device)
    for step in range(trial.options.steps):
        rows = torch.randint(len(states), (trial.options.batch,), generator=drawn).to(states.device)
        token = place < trees.many[rows, None]
        there = token[:, 1:]
        d, c, u = probe(states[rows])
        loss = ranked(d, heights[rows], there) + F.cross_entropy(c[there], labels[rows][there]) \
            + F.cross_entropy(u[token], singles[rows][token]) + penalty * probe.spread()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % max(1, trial.options.steps // 10) == 0:
            trial.record(step + 1, trial.options.steps, loss=loss.item())
    return probe


def told(probe: TreeProbe, states: Tensor) -> Said:
    d, c, _ = probe(states)
    return Said(d, c.argmax(2))
