"""What a method of the arena of demonstrations is given, and the frozen model it may ask."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from methods.arenas.in_context.stage.nets import Reader
from methods.kit.stage.arena import Trial

CHUNK = 1500            # prompts read at once


@dataclass(frozen=True)
class Asked:
    """Sentences to translate, Q for each of E tasks: words (E, Q, L), features (E, Q, F) and, where they are known,
    answers (E, Q, L)."""

    words: Tensor
    features: Tensor
    answers: Tensor | None = None


@dataclass(frozen=True)
class Pool:
    """The demonstrations of each task: words and what they are said to mean (E, P, M), topics and styles (E, P),
    features (E, P, F). `right` (E, P) says which are right, for upper bounds; None for everybody else."""

    words: Tensor
    targets: Tensor
    topics: Tensor
    styles: Tensor
    features: Tensor
    right: Tensor | None = None


@dataclass(frozen=True)
class Prompts:
    """What is shown before each question: rows (E, Q, K) of the pool, the last one shown nearest to the question, and,
    if not all count alike, weights (E, Q, K)."""

    rows: Tensor
    weights: Tensor | None = None
    block: int = 0


@dataclass
class Task:
    pool: Pool
    validation: Asked                # a few sentences of each task, with answers
    model: Reader
    shots: int
    fixed: bool                      # one list for all questions of a task
    trial: Trial

    @property
    def evaluations(self) -> int:
        """How many lists may be tried on the validation questions."""
        return int(self.trial.options.evaluations)

    def shown(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Words and translations (E, Q, K, M) of demonstrations."""
        at = torch.arange(len(rows), device=rows.device)[:, None, None]
        return self.pool.words[at, rows], self.pool.targets[at, rows]

    def ask(self, words: Tensor, prompts: Prompts, *, back: bool = False, empty: bool = False) -> Tensor:
        """Logits (E, Q, L, V) for words (E, Q, L)."""
        return self.read(*self.shown(prompts.rows), words, weights=prompts.weights, block=prompts.block, back=back,
                         empty=empty)

    def read(self, source: Tensor, target: Tensor, words: Tensor, *, weights: Tensor | None = None, block: int = 0,
             back: bool = False, empty: bool = False) -> Tensor:
        """Logits (E, Q, L, V) for words (E, Q, L) after pairs (E, Q, K, M)."""
        flat = [part.flatten(0, 1).split(CHUNK) for part in (source, target, words)]
        scaled = weights.flatten(0, 1).split(CHUNK) if weights is not None else [None] * len(flat[0])
        parts = [self.model(s, t, w, weights=v, block=block, back=back, empty=empty)
                 for s, t, w, v in zip(*flat, scaled, strict=True)]
        self.trial.count(positions=source.numel() + words.numel())
        return torch.cat(parts).view(*words.shape, -1)

    def tokens(self, words: Tensor) -> Tensor:
        """(..., L, D): what the model makes of each word of a sentence that stands alone."""
        flat = words.flatten(0, -2)
        none = flat.new_zeros(len(flat), 0, 1)
        self.trial.count(positions=words.numel())
        with torch.no_grad():
            return self.model.states(none, none, flat).view(*words.shape, -1)

    def one_list(self, rows: Tensor) -> Tensor:
        """Mean log-likelihood (E,) of the validation answers when all questions of a task are shown rows (E, K)."""
        said = self.ask(self.validation.words, Prompts(spread(rows, self.validation.words)))
        return likelihood(said, answers_of(self.validation)).mean((1, 2))


def answers_of(asked: Asked) -> Tensor:
    if asked.answers is None:
        raise ValueError("the answers to these questions are not known")
    return asked.answers


def likelihood(logits: Tensor, answers: Tensor) -> Tensor:
    """Log probability of each answer (...) under logits (..., V)."""
    return logits.log_softmax(-1).gather(-1, answers[..., None]).squeeze(-1)


def spread(rows: Tensor, words: Tensor) -> Tensor:
    """One list (E, K) a task for each of its questions: (E, Q, K)."""
    return rows[:, None].expand(-1, words.shape[1], -1)
