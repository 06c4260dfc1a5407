"""Worst-case map: the map from attributes to kinds that is best when the worst law holds which the description allows.

What is known of a kind is how often it has each attribute, not how attributes go together. A linear program finds the
law, among all that agree with the description, for which even the best map errs most; its multipliers are a map, drawn
by lot, that never errs more often than that, whatever the law. So the program's value bounds from both sides.

    right = min over q of sum_a max_c q(a given c) / C,   sum_a q(a given c) = 1,   sum_a a_j q(a given c) = A_cj
    h(c given a) = multiplier of t_a >= q(a given c) / C,   the answer is drawn from h

Follows the paper. Detectors are without error and kinds equally often asked. All seven attributes of 20 kinds are used;
of more kinds only the attributes in which they differ most, as the program grows with both (the paper picks greedily).
Seen kinds are never named.

>>> import torch
>>> answered(torch.tensor([[1.0, 0.0], [0.0, 1.0]])).tolist()                                # the first bit is worth 1
[1, 2]
"""

from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from scipy.optimize import linprog

from methods.arenas.zero_shot.arena import ZeroShotMethod
from methods.arenas.zero_shot.stage.laws import patterns
from methods.kit.method import Beats, Card, Paper

LIMIT = 4096    # kinds times patterns of attributes in the linear program


class Worst(NamedTuple):
    """`law` (C, 2^B) = q(a given c), `answers` (C, 2^B) = h(c given a), `right` = what share is right at best."""

    law: np.ndarray
    answers: np.ndarray
    right: float


def worst(described: np.ndarray) -> Worst:
    """Of kinds with shares `described` = A (C, B), all kinds equally often.

    min over q of sum_a t_a,   t_a >= q(a given c) / C,   sum_a q(a given c) = 1,   sum_a a_j q(a given c) = A_cj

    `answers` are the multipliers of the first constraints: for every a they sum to one over the kinds.

    >>> found = worst(np.array([[1.0], [0.5]]))               # kind 1 looks like kind 0 half of the time: 1/2 + 1/4
    >>> round(found.right, 6), found.law.round(3).tolist()
    (0.75, [[0.0, 1.0], [0.5, 0.5]])
    """
    (kinds, bits), many = described.shape, 1 << described.shape[1]
    block = sparse.csr_matrix(np.vstack([np.ones(many), patterns(bits).T]))
    equal = sparse.hstack([sparse.block_diag([block] * kinds), sparse.csr_matrix((kinds * (bits + 1), many))])
    above = sparse.hstack([sparse.eye(kinds * many) / kinds, -sparse.vstack([sparse.eye(many)] * kinds)])
    cost = np.concatenate([np.zeros(kinds * many), np.ones(many)])
    found = linprog(cost, A_ub=above.tocsr(), b_ub=np.zeros(kinds * many), A_eq=equal.tocsr(),
                    b_eq=np.concatenate([np.ones((kinds, 1)), described], 1).ravel(), method="highs-ds")
    if found.status:
        raise ValueError(f"the linear program has no answer: {found.message}")
    return Worst(found.x[:kinds * many].reshape(kinds, many).clip(0),
                 (-found.ineqlin.marginals).reshape(kinds, many).clip(0), float(found.fun))


def answered(bits):
    """(N,) which of the 2^B patterns each row of bits is."""
    return (bits.long() << torch.arange(bits.shape[1], device=bits.device)).sum(1)


class ZslBound(ZeroShotMethod):
    card = Card(
        title="Worst-case map",
        papers=(Paper("Tight Lower Bounds on Worst-Case Guarantees for Zero-Shot Learning with Attributes", 2022,
                      arxiv="2205.13068"),),
        fidelity="faithful",
        claims=(Beats("dap", on="unseen_accuracy", setting="worst-attributes"),
                Beats("eszsl", on="unseen_accuracy", setting="worst-attributes")),
        needs_scale=("The bound for two kinds tells which kinds methods for many attributes will confuse.",),
    )
    by_lot = True

    def fit(self, task):
        described = task.attributes[task.seen:].double().cpu().numpy()
        many = min(described.shape[1], int(LIMIT // task.unseen).bit_length() - 1)
        self.kept = np.sort(np.argsort(-described.std(0), kind="stable")[:many]).tolist()
        found = worst(described[:, self.kept])
        self.map = torch.from_numpy(found.answers).to(task.x)                                        # (unseen, 2^B)
        task.trial.record(0, 1, promised=100 * found.right)

    def scores(self, x, task):
        h = self.map[:, answered(task.bits(x)[:, self.kept])].T.clamp(min=1e-9)
        lot = -torch.log(-torch.log(torch.rand_like(h).clamp(1e-12, 1 - 1e-7)))         # the highest is a draw from h
        return torch.cat([torch.full((len(x), task.seen), -1e3, device=x.device), h.log() + lot], 1)
