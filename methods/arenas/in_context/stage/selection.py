"""How demonstrations are chosen by scores: the best, or the best together."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def best_last(scores: Tensor, k: int) -> Tensor:
    """(..., k) of the P highest scores (..., P), the highest last."""
    return scores.topk(k, -1).indices.flip(-1)


def by_score(rows: Tensor, scores: Tensor) -> Tensor:
    """Chosen rows (..., k) in the order of their scores (..., P), the highest last."""
    return rows.gather(-1, scores.gather(-1, rows).argsort(dim=-1, stable=True))


def cosines(questions: Tensor, pool: Tensor) -> Tensor:
    """(E, Q, P) between features (E, Q, F) and (E, P, F)."""
    return F.normalize(questions, dim=-1) @ F.normalize(pool, dim=-1).transpose(1, 2)


def token_cover(questions: Tensor, pool: Tensor) -> Tensor:
    """(E, Q, P, L): the best cosine of each of L tokens (E, Q, L, D) with a token (E, P, M, D) of a demonstration."""
    (e, q, length, _), (_, p, m, _) = questions.shape, pool.shape
    a, b = F.normalize(questions, dim=-1).flatten(1, 2), F.normalize(pool, dim=-1).flatten(1, 2)
    return (a @ b.transpose(1, 2)).view(e, q, length, p, m).amax(4).transpose(2, 3)


def greedy_cover(cover: Tensor, weights: Tensor, k: int, liking: float | Tensor = 0.0) -> Tensor:
    """(E, Q, k) rows that together cover best: each adds most to sum_i w_i max_z cover[z, i], in the order of choice.

    `cover` (E, Q, P, L) and `weights` (E, Q, L); `liking` (E, 1 or Q, P) is added to what each adds.
    """
    chosen: list[Tensor] = []
    best = torch.zeros_like(weights)
    taken = torch.zeros(cover.shape[:3], dtype=torch.bool, device=cover.device)
    for _ in range(k):
        gain = (weights[:, :, None] * torch.maximum(best[:, :, None], cover)).sum(3)
        gain = (gain + liking).masked_fill(taken, -torch.inf)
        row = gain.argmax(2, keepdim=True)
        taken = taken.scatter(2, row, True)
        best = torch.maximum(best, cover.gather(2, row[..., None].expand(-1, -1, -1, cover.shape[3])).squeeze(2))
        chosen.append(row)
    return torch.cat(chosen, 2)


def rarity(words: Tensor, pool: Tensor, vocabulary: int) -> Tensor:
    """(E, Q, L): -log((df + 1) / (P + 1)) of words (E, Q, L), df of the P demonstrations (E, P, M) having the word."""
    has = F.one_hot(pool, vocabulary).amax(2).sum(1).float()                                            # (E, V)
    idf = -((has + 1) / (pool.shape[1] + 1)).log()
    return idf[:, None].expand(-1, words.shape[1], -1).gather(2, words)
