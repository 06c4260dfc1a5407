"""Passages that are copies of others, whole or in parts."""

from __future__ import annotations

import torch
from torch import Tensor

HASHES, BAND = 16, 4


def run_numbers(windows: Tensor, length: int) -> Tensor:
    """(N, T + 1 - length) a number for each run of pieces; equal runs have equal numbers.

    >>> a = run_numbers(torch.tensor([[1, 2, 3, 1, 2]]), 2)[0]
    >>> bool(a[0] == a[3]), bool(a[0] == a[1])
    (True, False)
    """
    value = torch.zeros(len(windows), windows.shape[1] + 1 - length, dtype=torch.long, device=windows.device)
    for at in range(length):
        value = (value * 1_000_003 + windows[:, at:at + value.shape[1]] + 1) % 2_147_483_647
    return value


def signatures(windows: Tensor, length: int = 5) -> Tensor:
    """(N, HASHES) MinHash of the runs of five pieces: the least of each of several hashes."""
    runs = run_numbers(windows, length)
    turns = torch.arange(1, HASHES + 1, device=windows.device) * 48_271 + 7
    return torch.stack([((runs * turn) % 2_147_483_629).amin(1) for turn in turns], 1)


def first_of_copies(windows: Tensor) -> Tensor:
    """Rows that share no band of the signature with an earlier row.

    >>> first_of_copies(torch.arange(20).repeat(2, 1)).tolist()
    [0]
    """
    marks, kept = signatures(windows).view(len(windows), -1, BAND), torch.ones(len(windows), dtype=torch.bool)
    rows = torch.arange(len(windows))
    for band in range(marks.shape[1]):
        _, of = marks[:, band].unique(dim=0, return_inverse=True)
        earliest = torch.full((int(of.max()) + 1,), len(windows)).scatter_reduce(0, of.cpu(), rows, "amin")
        kept &= earliest[of.cpu()] == rows
    return kept.nonzero()[:, 0].to(windows.device)


def shared_runs(windows: Tensor, length: int) -> Tensor:
    """(N, T + 1 - length) which runs stand in another passage as well."""
    runs = run_numbers(windows, length)
    values, of = runs.unique(return_inverse=True)
    rows = torch.arange(len(windows), device=windows.device)[:, None].expand_as(of)
    low = torch.full((len(values),), len(windows), device=windows.device).scatter_reduce(
        0, of.flatten(), rows.flatten(), "amin")
    high = torch.full((len(values),), -1, device=windows.device).scatter_reduce(0, of.flatten(), rows.flatten(), "amax")
    return (low < high)[of]


def longest(shared: Tensor, length: int) -> Tensor:
    """(N,) pieces of the longest stretch that is covered by shared runs in a row.

    >>> longest(torch.tensor([[True, True, False, True], [False] * 4]), 8).tolist()
    [9, 0]
    """
    best = now = torch.zeros(len(shared), dtype=torch.long, device=shared.device)
    for column in shared.T:
        now = torch.where(column, now + 1, 0)
        best = torch.maximum(best, now)
    return torch.where(best > 0, best + length - 1, 0)
