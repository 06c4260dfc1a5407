"""Answers drawn from a model, how likely it finds them, and training on them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.lm_nets import Body

CHUNK = 4000            # prompts read at once


@torch.no_grad()
def next_log_p(net: Body, ids: Tensor, allowed: tuple[int, int], temperature: float = 1.0) -> Tensor:
    """(N, V) log probabilities of the next piece, of the pieces from the first to before the second that are allowed.
    Prompts that are there several times are read once."""
    once, where = torch.unique(ids, dim=0, return_inverse=True)
    logits = torch.cat([net(part)[:, -1] for part in once.split(CHUNK)])
    shut = torch.ones(logits.shape[1], dtype=torch.bool, device=ids.device)
    shut[allowed[0]:allowed[1]] = False
    return (logits / temperature).masked_fill(shut, -torch.inf).log_softmax(1)[where]


def drawn_answers(net: Body, prompts: Tensor, length: int, allowed: tuple[int, int], generator: torch.Generator,
                  temperature: float = 1.0) -> tuple[Tensor, Tensor]:
    """An answer (N, length) to each prompt and its log probability (N,). With temperature 0 the likeliest piece each
    time."""
    ids, total = prompts, torch.zeros(len(prompts), device=prompts.device)
    for _ in range(length):
        log_p = next_log_p(net, ids, allowed, temperature or 1.0)
        if temperature:
            noise = torch.rand(log_p.shape, generator=generator).to(log_p.device).clamp(1e-9, 1 - 1e-7)
            piece = (log_p - (-noise.log()).log()).argmax(1)
        else:
            piece = log_p.argmax(1)
        total = total + log_p.gather(1, piece[:, None])[:, 0]
        ids = torch.cat([ids, piece[:, None]], 1)
    return ids[:, prompts.shape[1]:], total


def log_p(net: Body, prompts: Tensor, answers: Tensor) -> Tensor:
    """(N,) log probability of an answer (N, A) after its prompt (N, Q), over all pieces."""
    ids = torch.cat([prompts, answers], 1)
    logits = net(ids[:, :-1])[:, prompts.shape[1] - 1:]
    return -F.cross_entropy(logits.flatten(0, 1), answers.flatten(), reduction="none").view(answers.shape).sum(1)


def most_agreed(answers: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The answer (N, A) with the largest sum of weights among samples (N, K, A), the first of equals, and its share
    (N,).

    >>> said, share = most_agreed(torch.tensor([[[1], [2], [2]]]))
    >>> said.tolist(), round(share.item(), 2)
    ([[2]], 0.67)
    """
    weights = torch.ones(answers.shape[:2], device=answers.device) if weights is None else weights
    same = (answers[:, :, None] == answers[:, None]).all(3)
    votes = (same * weights[:, None]).sum(2)
    best = votes.argmax(1)
    rows = torch.arange(len(answers), device=answers.device)
    return answers[rows, best], votes[rows, best] / weights.sum(1).clamp(min=1e-9)


def picked(answers: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Of samples (N, K, A) the one with the largest score (N, K), and that score."""
    best = scores.argmax(1)
    rows = torch.arange(len(answers), device=answers.device)
    return answers[rows, best], scores[rows, best]
