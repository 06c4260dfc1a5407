"""Drawings of kinds to learn from, and episodes of kinds that are asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.few_shot_pretraining.stage.task import Episodes
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial


@dataclass(frozen=True)
class PretrainingData:
    """`base_x` (N, 1, H, W) in 0..1 and `base_y` (N,); `other_x`, `other_y` of a few other kinds in the look of the
    episodes; episodes of these kinds' further drawings `val_x`, and of kinds never shown before, `test_x`."""

    base_x: Tensor
    base_y: Tensor
    other_x: Tensor
    other_y: Tensor
    val_x: Tensor
    validation: Episodes
    test_x: Tensor
    test: Episodes


def pretraining_data(trial: Trial) -> PretrainingData:
    o, rng = trial.options, trial.numpy("kinds")
    if o.small:
        images, labels = datasets.digits()
        pictures, order = torch.from_numpy(np.array(images, np.float32))[:, None], rng.permutation(10)
        base, other, asked = order[:4], order[4:7], order[7:]
    else:
        images, labels, _ = datasets.quickdraw(trial.progress)
        pictures, order = torch.from_numpy(np.array(images)).float()[:, None] / 255, rng.permutation(345)
        base, other, asked = order[:200], order[200:245], order[245:]
    labels = np.asarray(labels)
    rows = {kind: rng.permutation(np.flatnonzero(labels == kind)) for kind in range(int(labels.max()) + 1)}
    base_rows, other_rows, put = _rows(rows, base), _rows(rows, other, 0, o.shown), trial.device
    val, test = _rows(rows, other, o.shown), _rows(rows, asked)

    def of(taken: np.ndarray, look: str) -> Tensor:
        return looked(pictures[torch.from_numpy(taken)], look, not o.small).to(put)

    def numbered(taken: np.ndarray, kinds: np.ndarray) -> Tensor:
        place = np.full(labels.max() + 1, -1)
        place[kinds] = np.arange(len(kinds))
        return torch.from_numpy(place[labels[taken]]).to(put)

    return PretrainingData(
        of(base_rows, "plain"), numbered(base_rows, base), of(other_rows, o.look), numbered(other_rows, other),
        of(val, o.look), _episodes(labels[val], other, o.validation, o, rng, put),
        of(test, o.look), _episodes(labels[test], asked, o.episodes, o, rng, put))


def looked(x: Tensor, look: str, halved: bool) -> Tensor:
    """Pictures light on dark; "thick" has strokes three dots wider, dark on light. `halved` to half the dots."""
    x = x if look == "plain" else 1 - F.max_pool2d(x, 3, 1, 1)
    return F.avg_pool2d(x, 2) if halved else x


def _rows(rows: dict[int, np.ndarray], kinds: np.ndarray, start: int = 0, end: int | None = None) -> np.ndarray:
    return np.concatenate([rows[kind][start:end] for kind in kinds])


def _episodes(labels: np.ndarray, kinds: np.ndarray, many: int, o, rng: np.random.Generator,
              put: torch.device) -> Episodes:
    """`many` episodes as places in the pictures of these labels. Queries of unknown kinds, which have no
    given drawing, come last, with the answer -1."""
    places = {kind: np.flatnonzero(labels == kind) for kind in kinds}
    ways = max(2, o.ways // o.fewer)
    strange = min(ways, len(kinds) - ways) if o.unknown else 0
    support = np.empty((many, ways, o.shots), np.int64)
    query = np.empty((many, (ways + strange) * o.queries), np.int64)
    y, others = np.empty_like(query), np.empty((many, ways, o.more), np.int64)
    for e in range(many):
        found = []
        for way, kind in enumerate(rng.choice(kinds, ways + strange, replace=False)):
            order = rng.permutation(places[kind])
            found.append(order[o.shots:o.shots + o.queries])
            if way < ways:
                support[e, way], others[e, way] = order[:o.shots], order[o.shots + o.queries:][:o.more]
        shuffled = rng.permutation(ways * o.queries)
        shuffled = np.concatenate([shuffled, np.arange(len(shuffled), query.shape[1])])
        answers = np.repeat(np.arange(ways + strange), o.queries)
        query[e], y[e] = np.concatenate(found)[shuffled], np.where(answers < ways, answers, -1)[shuffled]
    return Episodes(*(torch.from_numpy(each).to(put) for each in (support, query, y, others)))
