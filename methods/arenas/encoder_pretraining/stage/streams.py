"""Predicting words one after another in a drawn order, with a stream for content and one for queries."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.arenas.encoder_pretraining.stage.net import Encoder
from methods.arenas.encoder_pretraining.stage.words import MASK


def allowed(rank: Tensor, places: Tensor, compensate: bool) -> Tensor:
    """(B, T + 2k, T + k) what may be seen, of all words and of masks at the k predicted `places`, by words, masks and
    queries. rank (B, T) is 0 for words that are given, else the turn in which they are predicted.

    A word sees those that came before it and itself, a query those before it. With `compensate`, both see masks at
    places whose turn is to come, the query that at its own; without, no masks.
    """
    turn = rank.gather(1, places)
    seen = torch.cat([rank, torch.full_like(turn, 0), turn], 1)[:, :, None]
    own = torch.cat([rank, torch.full_like(turn, 0), turn - 1], 1)[:, :, None]
    words = rank[:, None] <= own
    masks = (turn[:, None] > own) & (seen >= 0) if compensate else torch.zeros_like(turn[:, None] > own)
    return torch.cat([words, masks], 2)


def two_streams(net: Encoder, ids: Tensor, rank: Tensor, places: Tensor, compensate: bool) -> Tensor:
    """(B, k, D) the last states of the queries at `places`. The convolution sees given words, and masks at the others
    (nothing, without `compensate`)."""
    given = rank == 0
    near = net.vectors(torch.where(given, ids, MASK))
    if not compensate:
        near = near * given[..., None]
    around = net.short(near) + net.place[:ids.shape[1]]
    blank = (net.vectors(torch.full_like(ids, MASK)) + around).gather(
        1, places[..., None].expand(-1, -1, net.width))
    x = torch.cat([net.vectors(ids) + around, blank, blank], 1)
    mask, kept = allowed(rank, places, compensate), ids.shape[1] + places.shape[1]
    for block in net.blocks:
        x = block(x, mask, x[:, :kept])
    return x[:, kept:]


def drawn_order(lots: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """rank (B, T) and places (B, k) of a drawn order whose last words are predicted.

    >>> rank, places = drawn_order(torch.tensor([[0.1, 0.9, 0.8, 0.2]]), 0.5)
    >>> rank.tolist(), places.tolist()
    ([[0, 2, 1, 0]], [[2, 1]])
    """
    many = max(1, round(share * lots.shape[1]))
    places = lots.topk(many, 1).indices.flip(1)
    turn = torch.arange(1, many + 1, device=lots.device).expand(len(lots), -1)
    return torch.zeros_like(lots, dtype=torch.long).scatter(1, places, turn), places
