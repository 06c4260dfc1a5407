"""Which pictures have labels, which none, which are asked, and what the teachers say of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from methods.kit.stage import teachers
from methods.kit.stage.arena import Trial
from methods.kit.student_nets import turned


@dataclass(frozen=True)
class Lesson:
    """What one teacher says: logits and features of training pictures and of those asked about, and its network."""

    logits: Tensor
    features: Tensor
    test_logits: Tensor
    test_features: Tensor
    net: nn.Module


@dataclass(frozen=True)
class DistillationData:
    """Pictures (P, 1, H, W) in 0..1: the first have the labels `y` (L,), of all `truth` (P,) for upper bounds only."""

    x: Tensor
    y: Tensor
    truth: Tensor
    test_x: Tensor
    test_y: Tensor
    val_x: Tensor
    val_y: Tensor
    lessons: tuple[Lesson, ...]
    start: dict[str, Tensor]       # weights that a student begins with; none: drawn anew


def distillation_data(trial: Trial) -> DistillationData:
    o, rng = trial.options, trial.numpy("split")
    _, others, images, labels = teachers.pictures(o.small)
    order = rng.permutation(len(others))
    few = o.labels * o.more_labels
    sizes = [few + o.unlabelled, o.val, o.test]
    train, val, test = np.split(order[:sum(sizes)], np.cumsum(sizes)[:-1])
    first = _balanced(labels[others[train]], few, rng)
    train = np.concatenate([train[first], np.delete(train, first)])
    asked = val if getattr(o, "asked", "test") == "val" else test
    to = trial.device

    def seen(rows: np.ndarray) -> Tensor:
        x = teachers.as_tensor(images, others[rows], o.small)
        return (turned(x) if o.look == "turned" else x).to(to)

    def named(rows: np.ndarray) -> Tensor:
        return torch.from_numpy(labels[others[rows]].astype(np.int64)).to(to)

    def told(kind: str, scale: float) -> Lesson:
        kept = teachers.kept(kind, trial.seed, o.small, o.look, trial.progress)
        words = [torch.from_numpy(np.array(kept.logits[rows])).to(to) for rows in (train, asked)]
        marks = [scale * torch.from_numpy(np.array(kept.features[rows], np.float32)).to(to) for rows in (train, asked)]
        return Lesson(words[0], marks[0], words[1], marks[1], kept.net.to(to))

    truth = named(train)
    start: dict[str, Tensor] = {}
    if o.start == "doodles":
        start = {name: torch.from_numpy(np.array(value)) for name, value in
                 teachers.doodles(o.small, trial.progress).items() if not name.startswith("head")}
    elif o.start:
        start = dict(teachers.kept(o.start, trial.seed, o.small, "plain", trial.progress).net.state_dict())
    return DistillationData(seen(train), truth[:few].clone(), truth, seen(asked), named(asked), seen(val),
                            named(val), tuple(told(kind, scale) for kind, scale in o.teachers), start)


def _balanced(labels: np.ndarray, many: int, rng: np.random.Generator) -> np.ndarray:
    """`many` places, equally many of every class, drawn by chance and in mixed order."""
    each = [rng.permutation(np.flatnonzero(labels == c))[:many // 10] for c in range(10)]
    return rng.permutation(np.concatenate(each))
