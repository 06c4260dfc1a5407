"""Randomness by name: a draw for one purpose never changes another's."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager

import numpy as np
import torch


def derive(seed: int, purpose: str) -> int:
    """A 63-bit seed from the run's seed and a purpose in words."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{purpose}".encode()).digest()[:8], "big") >> 1


def torch_generator(seed: int, purpose: str, device: str | torch.device = "cpu") -> torch.Generator:
    return torch.Generator(device=device).manual_seed(derive(seed, purpose))


def numpy_generator(seed: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng(derive(seed, purpose))


@contextmanager
def seeded(seed: int, device: torch.device):
    """Run a block on seeded global generators and leave them as they were found."""
    devices = [device] if device.type == "cuda" else []
    numpy_state = np.random.get_state()
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(derive(seed, "global"))
        np.random.seed(derive(seed, "global") % 2**32)
        try:
            yield
        finally:
            np.random.set_state(numpy_state)
