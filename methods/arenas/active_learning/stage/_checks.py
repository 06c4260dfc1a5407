"""What every method of active learning must keep to."""

from __future__ import annotations

from dataclasses import replace

import torch

from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method


def asks_what_is_open(rehearsal: Rehearsal, method: type[Method]) -> None:
    """What it asks first does not depend on labels it has not been told: of two pools that differ in those alone."""
    data, said = rehearsal.data(), []
    for turned in (False, True):
        watched = method()
        if watched.sees_all_labels:  # type: ignore[attr-defined]  # of the slot
            return
        y = data.y.clone()
        for labels, first in zip(y, data.first, strict=True):
            kept = labels[first].clone()
            if turned:
                labels[:] = labels.flip(0)
            labels[first] = kept
        query = watched.query  # type: ignore[attr-defined]  # of the slot

        def ask(task, k, query=query, kept=said):
            items = query(task, k)
            kept.append(items.clone())
            return items

        watched.query = ask  # type: ignore[attr-defined]  # of the slot
        rehearsal.run(watched, data=replace(data, y=y))
    half = len(said) // 2
    require(torch.equal(said[0], said[half]), "the first items asked depend on labels that were not told")
