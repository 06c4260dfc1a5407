"""Pictures that a teacher may be asked about, what it would say of them, and pictures to ask the student about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from methods.kit.stage import teachers
from methods.kit.stage.arena import Trial


@dataclass(frozen=True)
class QueryData:
    """The pool x (P, 1, H, W) in 0..1 with the teacher's logits (P, 10) of it, a few pictures with their labels to try
    students on, the pictures asked about, and those on which strengths may be chosen."""

    x: Tensor
    told: Tensor
    teacher: nn.Module
    few_x: Tensor
    few_y: Tensor
    test_x: Tensor
    test_y: Tensor
    val_x: Tensor
    val_y: Tensor


class Answers(nn.Module):
    """What a teacher answers: the logits alone."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x).logits


class Dealing(nn.Module):
    """A teacher whose answers to pictures that are asked together change places."""

    def __init__(self, teacher: nn.Module):
        super().__init__()
        self.teacher = teacher

    def forward(self, x: Tensor) -> Tensor:
        return self.teacher(x)[torch.randperm(len(x)).to(x.device)]


def query_data(trial: Trial) -> QueryData:
    o, rng, to = trial.options, trial.numpy("split"), trial.device
    _, others, images, labels = teachers.pictures(o.small)
    sizes = [o.pool, o.labels, o.val, o.test]
    pool, few, val, test = np.split(rng.permutation(len(others))[:sum(sizes)], np.cumsum(sizes)[:-1])
    kept = teachers.kept("strong", trial.seed, o.small, "plain", trial.progress)

    def seen(rows: np.ndarray) -> Tensor:
        return teachers.as_tensor(images, others[rows], o.small).to(to)

    def named(rows: np.ndarray) -> Tensor:
        return torch.from_numpy(labels[others[rows]].astype(np.int64)).to(to)

    return QueryData(seen(pool), torch.from_numpy(np.array(kept.logits[pool], np.float32)).to(to),
                     Answers(kept.net.to(to)), seen(few), named(few), seen(test), named(test), seen(val), named(val))
