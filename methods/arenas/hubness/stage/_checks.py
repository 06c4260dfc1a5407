"""What every rescoring must keep to: each question is answered on its own."""

from __future__ import annotations

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def leaves_other_rows_alone(rehearsal: Rehearsal, method: type[Method]) -> None:
    """A row's scores do not depend on the other questions: a search engine has one at a time."""
    whole, part = _both(rehearsal, method, lambda rows: torch.arange(0, rows, 2))
    require(_same_order(whole[::2], part), "the answer to a question depends on which others are asked")


def _both(rehearsal, method, chosen):
    watched, seen = method(), []
    rescore = watched.rescore

    def twice(similarity, banks):
        rows = chosen(len(similarity))
        some = type(banks)(banks.queries, banks.gallery, banks.asked[rows])
        seen.extend((rescore(similarity, banks), rescore(similarity[rows], some)))
        return seen[0]

    watched.rescore = twice
    rehearsal.run(watched)
    return seen


def _same_order(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool((a.argsort(dim=1, stable=True) == b.argsort(dim=1, stable=True)).float().mean() > 0.99)
