"""Long lists of which a page shows a part: only the part is built."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar, overload

Key = TypeVar("Key")
Row = TypeVar("Row")


class OnDemand(Sequence[Row], Generic[Key, Row]):
    """Rows that `build` makes of keys; a slice builds its own rows, all of them are built at most once."""

    def __init__(self, keys: Sequence[Key], build: Callable[[Sequence[Key]], Sequence[Row]]):
        self.keys = keys
        self._build = build
        self._rows: Sequence[Row] | None = None

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[Row]:
        if self._rows is None:
            self._rows = self._build(self.keys)
        return iter(self._rows)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        if self._rows is not None:
            return self._rows[place]
        return self._build(self.keys[place]) if isinstance(place, slice) else self._build([self.keys[place]])[0]
