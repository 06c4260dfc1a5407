"""Text with spans shrunk to a mask each and its quarters in another order."""

from __future__ import annotations

from methods.arenas.sequence_to_sequence_pretraining.stage.task import MASK, Example, Task, told

SHARE, LENGTH, QUARTERS = 0.3, 3.0, 4


def filled(row: list[int], spans: list[tuple[int, int]], mask: int) -> tuple[list[int], list[int]]:
    """One mask for each span, and the place of each piece.

    >>> filled([10, 11, 12, 13], [(0, 1), (2, 4)], 2)
    ([2, 11, 2], [0, 1, 2])
    """
    found: list[int] = []
    places: list[int] = []
    at = 0
    for start, end in spans:
        found += [*row[at:start], mask]
        places += range(at, start + 1)
        at = end
    return found + row[at:], places + list(range(at, len(row)))


def corrupted(row: list[int], task: Task, share: float = SHARE) -> Example:
    """Spans of Poisson lengths, a share of the pieces, become one mask each; then quarters change places. The whole row
    is said."""
    left, taken = round(share * len(row)), [False] * (len(row) + 1)
    found: list[tuple[int, int]] = []
    for _ in range(4 * len(row)):
        if left <= 0:
            break
        length = min(int(task.rng.poisson(LENGTH)), left)
        start = int(task.rng.integers(0, len(row) - length + 1))
        if not any(taken[max(0, start - 1):start + length + 1]):
            found.append((start, start + length))
            taken[start:start + max(1, length)] = [True] * max(1, length)
            left -= max(1, length)
    size, spans = len(row) // QUARTERS, sorted(found)
    pieces: list[int] = []
    places: list[int] = []
    for slot, i in enumerate(task.rng.permutation(QUARTERS).tolist()):
        some, at = filled(row[i * size:(i + 1) * size], _within(spans, i * size, (i + 1) * size), MASK)
        pieces += some
        places += [slot * size + place for place in at]
    return told(pieces, row, None, places, list(range(len(row))))


def whole(row: list[int], spans: list[tuple[int, int]]) -> Example:
    """A row with a mask for each span, of which the whole is said and the spans count."""
    pieces, places = filled(row, spans, MASK)
    return told(pieces, row, [any(a <= i < b for a, b in spans) for i in range(len(row))], places,
                list(range(len(row))))


def _within(spans: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    return [(max(a, start) - start, min(b, end) - start) for a, b in spans
            if max(a, start) < min(b, end) or start <= a == b < end]
