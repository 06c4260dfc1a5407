"""What a method of the arena of context memory is given: a frozen model, and texts to learn to remember from."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.context_memory.stage._data import Documents
from methods.arenas.context_memory.stage.recurrent import Recurrent, recurrent
from methods.kit.lm_nets import Body
from methods.kit.stage.arena import Trial
from methods.kit.stage.byte_parts import attend, write


class Task:
    """`net` is frozen; `contexts` (N, C) and `follows` (N, T + 1) are other documents to learn from."""

    def __init__(self, net: Body, documents: Documents, trial: Trial):
        self.net, self.trial = net, trial
        self.contexts, self.follows = documents.contexts, documents.follows
        self.width, self.layers, self.symbols = net.width, len(net.blocks), net.embed.num_embeddings

    def recurrent(self) -> Recurrent:
        """A frozen recurrent model that has read what `net` has."""
        return recurrent(self.trial.options.small, self.trial.progress).to(self.trial.device)

    def copy(self) -> Body:
        """The model's copy, to be trained."""
        return copy.deepcopy(self.net).requires_grad_(True)

    def learn(self, parameters: Iterable[Tensor], loss: Callable[[Tensor, Tensor], Tensor], rate: float) -> None:
        """Steps of Adam on batches of contexts (b, C) and what follows (b, T + 1), each document once; 10 % warm-up,
        then a cosine to nothing; gradients cut at norm 1."""
        kept, o = list(parameters), self.trial.options
        optimizer = torch.optim.Adam(kept, rate)
        with torch.enable_grad():
            for step in range(o.steps):
                rows = slice(step * o.batch, (step + 1) * o.batch)
                optimizer.param_groups[0]["lr"] = rate * min(1, (step + 1) / (0.1 * o.steps)) * 0.5 * (
                    1 + math.cos(math.pi * step / o.steps))
                value = loss(self.contexts[rows], self.follows[rows])
                optimizer.zero_grad(set_to_none=True)
                value.backward()
                torch.nn.utils.clip_grad_norm_(kept, 1.0)
                optimizer.step()
                if step % max(1, o.steps // 10) == 0:
                    self.trial.record(step + 1, o.steps, loss=value.item())
        self.trial.count(gradients=o.steps)

    def adapted(self, ids: Tensor, changes: Sequence[Tensor]) -> Tensor:
        """(N, T, V) logits where to the output map of each block's attention, of rows z -> z W, a matrix (N, D, D) is
        added, another for each document."""
        return self.net.logits(self.states(ids, changes)[-1])

    def states(self, ids: Tensor, changes: Sequence[Tensor] | None = None) -> list[Tensor]:
        """(N, T, D) entry and the stream after every block."""
        states = [self.net.enter(ids)]
        for i, block in enumerate(self.net.blocks):
            x = states[-1]
            _, said = attend(block, x)  # type: ignore[arg-type]
            x = x + write(block, said)  # type: ignore[arg-type]
            if changes is not None:
                x = x + said.flatten(2) @ changes[i]
            states.append(x + block.feed(block.norm_feed(x)))  # type: ignore[operator]
        return states


def nats(logits: Tensor, ids: Tensor) -> Tensor:
    """(N, T) the loss of bytes (N, T) by logits (N, T, V)."""
    return F.cross_entropy(logits.flatten(0, 1), ids.flatten(), reduction="none").view(ids.shape)
