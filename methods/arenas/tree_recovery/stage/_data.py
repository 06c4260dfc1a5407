"""Statements of files that the byte model has not read, and its states at the end of each token."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from methods.arenas.tree_recovery.stage.task import Trees
from methods.kit.lm_nets import Body
from methods.kit.stage.arena import Trial
from methods.kit.stage.byte_code import LABELS, LONGEST, Code, code
from methods.kit.stage.byte_models import LENGTH, byte_model


@dataclass(frozen=True)
class TreeData:
    train: Trees
    test: Trees


def tree_data(trial: Trial) -> TreeData:
    o, text = trial.options, code(trial.options.small, trial.progress)
    net, drawn = byte_model(o.stage, o.small, trial.progress), trial.numpy("statements")
    ends = text.last[text.trees[:, 0] + text.trees[:, 1] - 1]
    of = text.file[text.trees[:, 0]]
    files = drawn.permutation(np.unique(of))
    parts = []
    for chosen, many in ((files[:len(files) // 2], o.train), (files[len(files) // 2:], o.test)):
        rows = drawn.permutation(np.flatnonzero(np.isin(of, chosen) & (ends >= LENGTH)))[:many]
        parts.append(_trees(text, net, rows, trial))
    return TreeData(*parts)


@torch.no_grad()
def _trees(text: Code, net: Body, rows: np.ndarray, trial: Trial) -> Trees:
    """Each statement at the end of a window; what comes before it in the text is there, too."""
    begin, many = text.trees[rows].T
    ends = text.last[begin + many - 1]
    ids = torch.from_numpy(text.text[ends[:, None] + np.arange(1 - LENGTH, 1)].astype(np.int64))
    tokens = np.minimum(begin[:, None] + np.arange(LONGEST), len(text.last) - 1)
    at = torch.from_numpy(np.clip(text.last[tokens] - ends[:, None] + LENGTH - 1, 0, LENGTH - 1)).long()
    kept = []
    for low in range(0, len(ids), 64):
        part = [net.enter(ids[low:low + 64])]
        for block in net.blocks:
            part.append(block(part[-1]))
        where = at[low:low + 64, :, None].expand(-1, -1, net.width)
        kept.append(torch.stack([state.gather(1, where) for state in part]))
    told = (torch.from_numpy(side[rows].astype(np.int64)) for side in (text.heights, text.labels, text.singles))
    parts = (torch.cat(kept, 1), torch.from_numpy(many.astype(np.int64)), *told)
    return Trees(*(part.to(trial.device) for part in parts), trial, len(LABELS))
