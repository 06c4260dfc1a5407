"""How probes of the arena of syntax in attention are trained."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.syntax_probing.stage.task import Edges


def fitted(parameters: Iterable[Tensor], scores: Callable[[Tensor], Tensor], edges: Edges, rate: float) -> None:
    """Adam on the cross-entropy of the right head among all earlier tokens, on batches of 256 edges; `scores` gives
    (b, T) for rows (b,) of the edges."""
    trial, kept = edges.trial, list(parameters)
    optimizer, drawn = torch.optim.Adam(kept, rate), trial.generator("probe")
    for step in range(trial.options.steps):
        rows = torch.randint(len(edges.query), (trial.options.batch,), generator=drawn).to(edges.query.device)
        loss = F.cross_entropy(scores(rows).masked_fill(~edges.earlier[rows], -1e9), edges.known[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % max(1, trial.options.steps // 10) == 0:
            trial.record(step + 1, trial.options.steps, loss=loss.item())
