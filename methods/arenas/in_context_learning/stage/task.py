"""What a method is given: kinds to learn from and ways to draw episodes of them; the network that reads an episode."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.in_context_learning.stage._data import episodes, functions
from methods.arenas.in_context_learning.stage.sizes import WAYS

ALIKE = 1.5         # how large queries and keys begin


class Block(nn.Module):
    """x + attention(norm(x)), then + feed(norm(x)), where `mask` (S, S) allows."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm_mix, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.rise, self.fall = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        q, k, v = self.ask(self.norm_mix(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2))
        return x + self.fall(F.gelu(self.rise(self.norm_feed(x))))


class Reader(nn.Module):
    """Pairs (B, K, D), (B, K) and queries (B, Q, D) -> logits (B, Q, 5).

    A pair is one position, input plus class; a query is the input alone and sees pairs and itself. `places` are those
    of pairs. With `each`, queries stand at every place, and the t-th sees only pairs before the t-th.
    """

    def __init__(self, width_in: int, width: int, heads: int, blocks: int, length: int):
        super().__init__()
        self.into, self.named = nn.Linear(width_in, width), nn.Embedding(WAYS, width)
        self.place, self.query = nn.Parameter(torch.zeros(length, width)), nn.Parameter(torch.zeros(width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, WAYS)
        nn.init.normal_(self.place, std=0.02)
        nn.init.normal_(self.named.weight, std=0.5)
        nn.init.orthogonal_(self.into.weight)
        for block in self.blocks:
            alike_(block)

    def forward(self, x: Tensor, y: Tensor, queries: Tensor, each: bool = False) -> Tensor:
        k, q = x.shape[1], queries.shape[1]
        pairs = self.into(x) + self.named(y) + self.place[:k]
        state = torch.cat([pairs, self.into(queries) + self.query], 1)
        mask = seen(k, q, each).to(x.device)
        for block in self.blocks:
            state = block(state, mask)
        return self.head(self.norm(state[:, k:]))


def alike_(block: Block) -> None:
    """Queries and keys begin as the same map, so that what is alike attends to each other from the first step on."""
    width = block.out.in_features
    nn.init.orthogonal_(block.ask.weight)
    with torch.no_grad():
        block.ask.weight[:width] = block.ask.weight[width:2 * width]
        block.ask.weight[:2 * width] *= ALIKE


def seen(pairs: int, queries: int, each: bool) -> Tensor:
    """(S, S) who sees whom: a pair those up to itself, a query itself and all pairs, or with `each` earlier ones.

    >>> seen(2, 2, True).int().tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 1]]
    """
    among = torch.ones(pairs, pairs, dtype=torch.bool).tril()
    of = torch.ones(queries, pairs, dtype=torch.bool).tril(-1) if each else torch.ones(
        queries, pairs, dtype=torch.bool)
    return torch.cat([torch.cat([among, torch.zeros(pairs, queries, dtype=torch.bool)], 1),
                      torch.cat([of, torch.eye(queries, dtype=torch.bool)], 1)])


class Task:
    """`x` (N, D) of kinds `y` (N,) to learn from; nothing in `regression`, where functions are drawn. `step` of
    `steps` counts batches of `size` episodes with `length` pairs and one query or more."""

    def __init__(self, x: Tensor, y: Tensor, trial):
        self.x, self.y, self.options, self.trial, self.device = x, y, trial.options, trial, trial.device
        self.step, self.steps, self.size = 0, trial.options.steps, trial.options.batch
        self.generator = trial.generator("episodes")

    @property
    def progress(self) -> float:
        return self.step / self.steps

    @property
    def numbers(self) -> bool:
        return self.options.numbers

    @property
    def length(self) -> int:
        return self.options.shots * WAYS

    def reader(self) -> Reader:
        """The arena's network, its weights drawn anew."""
        o = self.options
        return Reader(o.width_in, o.width, o.heads, o.blocks, self.length + o.queries).to(self.device)

    def lots(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self.generator).to(self.device)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator).to(self.device)

    def episode(self, x: Tensor | None = None, y: Tensor | None = None, many: int | None = None
                ) -> tuple[Tensor, Tensor]:
        """(B, K + Q, D) inputs and (B, K + Q) classes of a batch: five kinds each with classes in drawn order, or a
        random function; the last Q are queries."""
        o, many = self.options, many or self.size
        if self.numbers and x is None:
            seen_x, seen_y = functions(many, self.length + o.queries, o.width_in, self.generator)
            return seen_x.to(self.device), seen_y.to(self.device)
        return episodes(self.x if x is None else x, self.y if y is None else y, many, o.shots, o.queries,
                        self.generator)


def query_loss(net: nn.Module, x: Tensor, y: Tensor, pairs: int) -> Tensor:
    """Mean nats of the queries' classes, which come after so many pairs."""
    said = net(x[:, :pairs], y[:, :pairs], x[:, pairs:])
    return F.cross_entropy(said.flatten(0, 1), y[:, pairs:].flatten())


def every_loss(net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Mean nats of every class given the pairs before it."""
    return F.cross_entropy(net(x, y, x, each=True).flatten(0, 1), y.flatten())


__all__ = ["Reader", "Task", "every_loss", "query_loss"]
