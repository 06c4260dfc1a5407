"""Who did what to which object: every app tells it here, and whoever registered keeps it.

papers knows nobody who does; config.audit registers its recorder in its AppConfig.ready.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Act:
    """One act of a person. `objects` are "kind:key", the one it is about first; `by` is an account."""

    verb: str  # one word of the past: linked, merged, cancelled
    objects: tuple[str, ...]
    by: Any
    words: str  # what the verb leaves out, as a person reads it


ACTING_TOKEN = "acting_token"  # the attribute of an account in whose name an API token acts: the token's name

recorders: list[Callable[[Act], None]] = []


def record(verb: str, *objects: str, by: Any, words: str = "") -> None:
    """Within the transaction of the act itself. What the site does by itself (`by` is None) is nobody's act."""
    if by is None or not getattr(by, "pk", None):
        return
    act = Act(verb, objects, by, words)
    for keep in recorders:
        keep(act)
