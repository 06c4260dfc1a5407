"""Prompts put into rows."""

from __future__ import annotations


def first_fit_decreasing(lengths: list[int], size: int) -> list[list[int]]:
    """Rows of numbers of prompts: the longest first, each into the first row that has room for it.

    >>> first_fit_decreasing([3, 7, 2, 5], 8)
    [[1], [3, 0], [2]]
    """
    rows: list[list[int]] = []
    room: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        at = next((row for row, left in enumerate(room) if left >= lengths[i]), len(rows))
        if at == len(rows):
            rows.append([])
            room.append(size)
        rows[at].append(i)
        room[at] -= lengths[i]
    return rows
