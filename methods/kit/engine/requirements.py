"""How a contract check says that something does not hold."""

from __future__ import annotations


class CheckFailed(AssertionError):
    """The contract does not hold; the message says where and why."""


def require(holds: object, message: str) -> None:
    """Raises CheckFailed with the message unless it holds."""
    if not holds:
        raise CheckFailed(message)
