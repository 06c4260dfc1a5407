"""What a method of the arena of byte probabilities is given: prompts that end anywhere, and models of tokens."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from methods.arenas.byte_probabilities.stage.token_models import Kept
from methods.arenas.byte_probabilities.stage.vocabularies import SYMBOLS, Vocabulary
from methods.kit.stage.arena import Trial


class Model:
    """A frozen language model of tokens; `bits` are those of a byte of other reviews."""

    def __init__(self, kept: Kept, number: int, trial: Trial):
        self.vocabulary: Vocabulary = kept.vocabulary
        self.number = number
        self.bits, self.trial, self._net = kept.bits, trial, kept.net.to(trial.device)

    @torch.no_grad()
    def follow(self, before: list[list[int]], then: list[list[int]]) -> tuple[Tensor, Tensor]:
        """(N,) log probability of the tokens `then` after those `before`, and (N, V) that of each next token."""
        logs, nexts = [], []
        for at in range(0, len(before), 256):
            first, more = before[at:at + 256], then[at:at + 256]
            whole = [a + b for a, b in zip(first, more, strict=True)]
            ids = torch.zeros(len(whole), max(map(len, whole)), dtype=torch.long)
            for i, tokens in enumerate(whole):
                ids[i, :len(tokens)] = torch.tensor(tokens)
            states = self._net.states(ids.to(self.trial.device))[-1]
            row = torch.tensor([i for i, tokens in enumerate(more) for _ in range(len(tokens) + 1)])
            place = torch.tensor([len(a) - 1 + k for a, b in zip(first, more, strict=True) for k in range(len(b) + 1)])
            said = self._net.logits(states[row, place]).log_softmax(1).cpu()
            last = torch.tensor([len(tokens) for tokens in more]).cumsum(0) + torch.arange(len(more))
            told = torch.ones(len(row), dtype=torch.bool)
            told[last] = False
            total = torch.zeros(len(more))
            total.index_add_(0, row[told], said[told, ids[row[told], place[told] + 1]])
            logs.append(total)
            nexts.append(said[last])
        self.trial.count(sequences=len(before))
        return torch.cat(logs), torch.cat(nexts)


@dataclass
class Task:
    """`prompts` are bytes that begin with a space and hold another. `token_begins` says of each how many of
    its last bytes belong to a token that goes on behind it: for upper bounds, None for everybody else."""

    prompts: list[bytes]
    trial: Trial
    token_begins: list[int] | None


def word(prompt: bytes) -> tuple[bytes, bytes]:
    """What is before the last word, and the last word, which may be unfinished.

    >>> word(b" to be")
    (b' to', b' be')
    """
    at = prompt.rindex(b" ")
    return prompt[:at], prompt[at:]


def spread(following: Tensor, weights: Tensor) -> Tensor:
    """(SYMBOLS,) weights (V,) of tokens summed by the byte (V,) that each brings, -1 being none."""
    fits = following >= 0
    return torch.zeros(SYMBOLS, dtype=weights.dtype).index_add_(0, following[fits], weights[fits])


def summed(model: Model, prompts: int, found: list[tuple[int, list[int], list[int], bytes]]) -> Tensor:
    """(prompts, SYMBOLS) likelihoods, summed and then divided by their sum, of sequences that are given as the number
    of the prompt, tokens taken for granted, tokens that count, and the bytes that the next token must begin with; that
    token must be one that may follow."""
    vocabulary = model.vocabulary
    logs, nexts = model.follow([before for _, before, _, _ in found], [then for _, _, then, _ in found])
    total, rows = torch.zeros(prompts, SYMBOLS), torch.tensor([row for row, _, _, _ in found])
    best = torch.full((prompts,), -torch.inf).scatter_reduce(0, rows, logs, "amax")
    shares = ((logs - best[rows])[:, None] + nexts).exp()           # a long word is less likely than a float can tell
    for (row, _, then, rest), likely in zip(found, shares, strict=True):
        total[row] += spread(vocabulary.after(rest), likely * vocabulary.valid[then[-1]] if then else likely)
    return total / total.sum(1, keepdim=True)
