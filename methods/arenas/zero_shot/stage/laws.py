"""Laws of attributes that a description allows, and the one among them under which given answers err most."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog


def patterns(bits: int) -> np.ndarray:
    """(2^B, B) all of them; the first bit changes fastest."""
    return (np.arange(1 << bits)[:, None] >> np.arange(bits)) & 1


def against(answers: np.ndarray, described: np.ndarray) -> np.ndarray:
    """(C, 2^B): for each kind, the law of its attributes under which it is named least.

    `answers` (C, 2^B) say how often each kind is the answer to each pattern, `described` (C, B) how often it has each
    attribute: min over q of sum_a q(a) answers_c(a), sum_a q(a) = 1, sum_a a_j q(a) = described_cj.

    >>> against(np.array([[1.0, 0.0, 0.0, 1.0]]), np.array([[0.5, 0.5]])).tolist()           # named for 00 and 11 alone
    [[0.0, 0.5, 0.5, 0.0]]
    """
    kept = np.vstack([np.ones(answers.shape[1]), patterns(described.shape[1]).T])
    laws = []
    for named, shares in zip(answers, described, strict=True):
        found = linprog(named, A_eq=kept, b_eq=[1, *shares], method="highs-ds")
        if found.status:
            raise ValueError(f"the linear program has no answer: {found.message}")
        laws.append(found.x.clip(0) / found.x.clip(0).sum())
    return np.stack(laws)
