"""The worst law of attributes that a description allows, as a linear program, and the map that is best against it."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import linprog


class Worst(NamedTuple):
    """`law` (C, 2^B) = q(a given y), `answers` (C, 2^B) = h(y given a), `right` = what share is right at best."""

    law: np.ndarray
    answers: np.ndarray
    right: float


def patterns(bits: int) -> np.ndarray:
    """(2^B, B) all of them; the first bit changes fastest."""
    return (np.arange(1 << bits)[:, None] >> np.arange(bits)) & 1


def worst(described: np.ndarray) -> Worst:
    """Of kinds with shares `described` = A (C, B), all kinds equally often.

    min over q of sum_a t_a,   t_a >= q(a given y) / C,   sum_a q(a given y) = 1,   sum_a a_j q(a given y) = A_yj

    `answers` are the multipliers of the first constraints: for every a they sum to one over the kinds.

    >>> found = worst(np.array([[1.0], [0.5]]))               # kind 1 looks like kind 0 half of the time: 1/2 + 1/4
    >>> round(found.right, 6), found.law.round(3).tolist()
    (0.75, [[0.0, 1.0], [0.5, 0.5]])
    """
    return _worst(described.tobytes(), *described.shape)


@cache
def _worst(described: bytes, kinds: int, bits: int) -> Worst:
    shares, many = np.frombuffer(described).reshape(kinds, bits), 1 << bits
    block = sparse.csr_matrix(np.vstack([np.ones(many), patterns(bits).T]))
    equal = sparse.hstack([sparse.block_diag([block] * kinds), sparse.csr_matrix((kinds * (bits + 1), many))])
    above = sparse.hstack([sparse.eye(kinds * many) / kinds, -sparse.vstack([sparse.eye(many)] * kinds)])
    cost = np.concatenate([np.zeros(kinds * many), np.ones(many)])
    found = linprog(cost, A_ub=above.tocsr(), b_ub=np.zeros(kinds * many), A_eq=equal.tocsr(),
                    b_eq=np.concatenate([np.ones((kinds, 1)), shares], 1).ravel(), method="highs-ds")
    if found.status:
        raise ValueError(f"the linear program has no answer: {found.message}")
    return Worst(found.x[:kinds * many].reshape(kinds, many).clip(0),
                 (-found.ineqlin.marginals).reshape(kinds, many).clip(0), float(found.fun))
