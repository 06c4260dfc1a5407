"""Episodes of drawings by their features: kinds, drawings of each, and queries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.arenas.few_shot.stage import _encoder
from methods.arenas.few_shot.stage.task import Episodes
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial


@dataclass(frozen=True)
class FewShotData:
    base_x: Tensor
    base_y: Tensor
    base_names: Tensor
    validation: Episodes
    test: Episodes


def few_shot_data(trial: Trial) -> FewShotData:
    o, rng = trial.options, trial.numpy("episodes")
    if o.small:
        images, labels = datasets.digits()
        flat = images.reshape(len(images), -1)
        looks, vectors = {"plain": flat, "thick": 1 - flat}, trial.numpy("names").normal(size=(10, 8))
        order = rng.permutation(10)
        base, validation, asked = order[:4], order[4:7], order[7:]
    else:
        split = trial.seed % _encoder.SPLITS
        looks, vectors = _encoder.features(split, trial.progress), _encoder.names(trial.progress)
        labels = np.repeat(np.arange(345), 100)
        base, validation, asked = _encoder.kinds_of(split)
    x = {name: np.asarray(looks[name], np.float32) for name in {"plain", o.look}}
    rows = {kind: np.flatnonzero(labels == kind) for kind in range(int(labels.max()) + 1)}
    learnt = np.concatenate([rows[kind] for kind in base])
    put = trial.device
    return FewShotData(
        torch.from_numpy(x["plain"][learnt]).to(put),
        torch.from_numpy(np.repeat(np.arange(len(base)), [len(rows[kind]) for kind in base])).to(put),
        torch.from_numpy(np.asarray(vectors[base], np.float32)).to(put),
        *(_episodes(x[o.look], rows, vectors, kinds, many, o, rng, put)
          for kinds, many in ((validation, o.validation), (asked, o.episodes))))


def _episodes(x: np.ndarray, rows: dict[int, np.ndarray], vectors: np.ndarray, kinds: np.ndarray, many: int, o,
              rng: np.random.Generator, put: torch.device) -> Episodes:
    """`many` episodes; a drawing is in the support, a query, or in the mean of the others."""
    parts: list[tuple[np.ndarray, ...]] = []
    for _ in range(many):
        chosen = rng.choice(kinds, o.ways, replace=False)
        asked = rng.permutation(np.repeat(np.arange(o.ways), _asked(o, rng)))
        support, query, others = np.empty((o.ways, o.shots), int), np.empty(len(asked), int), []
        for way, kind in enumerate(chosen):
            order, n = rng.permutation(rows[kind]), int((asked == way).sum())
            support[way], query[asked == way] = order[:o.shots], order[o.shots:o.shots + n]
            others.append(x[order[o.shots + n:]].mean(0))
        parts.append((x[support], x[query], np.asarray(vectors[chosen], np.float32), asked, np.stack(others)))
    return Episodes(*(torch.from_numpy(np.stack(each)).to(put) for each in zip(*parts, strict=True)))


def _asked(o, rng: np.random.Generator) -> np.ndarray:
    """Queries of each kind: as many, or drawn from a flat Dirichlet, at most 60 of one kind."""
    total = o.ways * o.queries
    if o.balanced:
        return np.full(o.ways, o.queries)
    while True:
        counts = rng.multinomial(total, rng.dirichlet(np.full(o.ways, 2.0)))
        if counts.max() <= 4 * o.queries:
            return counts
