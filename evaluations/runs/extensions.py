"""What the rooms above say before runs are queued. Each registers its part in its AppConfig.ready."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evaluations.models import Run


class OverBudget(ValueError):
    """A person may not have so much computed today. The message is for that person."""


# Asked with the person (None for the site itself) and the runs to be queued; one that refuses raises OverBudget.
before_queueing: list[Callable[[Any, Sequence[Run]], None]] = []
