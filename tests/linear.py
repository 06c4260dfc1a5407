"""Time in proportion to size, told apart from time in its square on a machine that does other things as well."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

TURNS = 5


def assert_linear(work: Callable[[Any], object], small: Any, large: Any, *, times: int = 8,
                  seconds: float = 1.0) -> None:
    """Raises AssertionError unless `large`, `times` as big, takes less than half of what its square would take in one
    of five turns, or hardly any time at all. What other tests left in memory is not looked through meanwhile."""
    gc.collect()
    gc.freeze()
    try:
        turns = []
        for _ in range(TURNS):
            turns.append((_spent(work, small), _spent(work, large)))
            if turns[-1][1] < max(times**2 / 2 * turns[-1][0], seconds):
                return
    finally:
        gc.unfreeze()
    raise AssertionError(f"seconds of the small and the large one, {times} times as big: {turns}")


def _spent(work: Callable[[Any], object], it: Any) -> float:
    began = time.process_time()
    work(it)
    return time.process_time() - began
