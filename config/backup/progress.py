"""What a long step says on the way: nothing in its first second, then a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS = 1.0


class Progress:
    """Passes on at most a line a second through `say`."""

    def __init__(self, say: Callable[[str], object]):
        self._say = say
        self._last = time.monotonic()

    def tell(self, step: str, done: float, total: float, unit: str = "") -> None:
        now = time.monotonic()
        if now - self._last >= SECONDS:
            self._last = now
            self._say(f"{step}: {done:,.0f} of {max(done, total):,.0f} {unit}".rstrip())
