"""What a method of the arena of syntax in attention is given: tokens that have a head, and what the model shows."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from methods.kit.stage.arena import Trial


@dataclass(frozen=True)
class Edges:
    """Tokens with a head. `relation`, `query` and `head` (E,), the last two as places in the window; `words` (E, T) of
    the window's tokens, -1 where there is none; `earlier` (E, T) says which come before the token.

    `attention` (E, K, T): how much each head of the model attends from the token to the others, the mean over its bytes
    of the sum over theirs. `here` (E, D) and `there` (E, T, D): the embedding of the last byte of the token and of the
    others, as the first block reads it. `head` is None where it is asked for.
    There are `relations` relations and words of `kinds` kinds.
    """

    relation: Tensor
    query: Tensor
    head: Tensor | None
    words: Tensor
    earlier: Tensor
    attention: Tensor
    here: Tensor
    there: Tensor
    trial: Trial
    relations: int
    kinds: int

    @property
    def known(self) -> Tensor:
        if self.head is None:
            raise ValueError("the heads of these tokens are not known")
        return self.head

    def of(self, relation: int) -> Tensor:
        """Rows of a relation."""
        return (self.relation == relation).nonzero().squeeze(1)
