"""A digest of any data an arena may hand to its methods."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


def fingerprint(data: Any) -> str:
    """Equal for equal content: tensors, arrays, modules, generators and whatever holds them.

    Functions and classes count by their name only.
    """
    digest = hashlib.blake2b(digest_size=16)
    _update(digest, data, set())
    return digest.hexdigest()


def _update(digest, value: Any, above: set[int]) -> None:
    digest.update(f"<{type(value).__qualname__}>".encode())
    if isinstance(value, Tensor):
        plain = value.detach().cpu().contiguous()
        digest.update(f"{plain.dtype}{tuple(plain.shape)}{value.requires_grad}".encode())
        digest.update(plain.reshape(-1).view(torch.uint8).numpy())
    elif isinstance(value, np.ndarray) and value.dtype != object:
        digest.update(f"{value.dtype}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8))
    elif isinstance(value, torch.Generator):
        digest.update(value.get_state().numpy())
    elif isinstance(value, bytes | str | int | float | complex | None):
        digest.update(repr(value).encode())
    elif isinstance(value, type) or (callable(value) and not hasattr(value, "__dict__")):
        digest.update(getattr(value, "__qualname__", repr(type(value))).encode())
    elif id(value) in above:
        digest.update(b"<again>")
    else:
        _inside(digest, value, above | {id(value)})


def _inside(digest, value: Any, above: set[int]) -> None:
    parts: list[tuple[Any, Any]]
    if isinstance(value, nn.Module):
        parts = [*value.state_dict().items(), ("training", value.training)]
    elif is_dataclass(value):
        parts = [(field.name, getattr(value, field.name)) for field in fields(value)]
    elif isinstance(value, Mapping):
        parts = list(value.items())
    elif isinstance(value, list | tuple | np.ndarray):
        parts = list(enumerate(value.tolist() if isinstance(value, np.ndarray) else value))
    elif isinstance(value, set | frozenset):
        parts = [(None, part) for part in sorted(value, key=repr)]
    elif hasattr(value, "__qualname__"):
        parts = [("name", value.__qualname__)]
    else:
        parts = sorted(getattr(value, "__dict__", {}).items())
    for name, part in parts:
        digest.update(f"[{name!r}]".encode())
        _update(digest, part, above)
