"""What an encoder of clouds is worth: ridge classifiers with many labels and few, and neighbours."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.point_pretraining.stage._data import PointData
from methods.arenas.point_pretraining.stage.clouds import Clouds, Encoder
from methods.kit.stage.arena import Trial

RIDGE, CLASSES, DRAWS = 1e-2, 10, 5


@torch.no_grad()
def probe(encoder: Encoder, data: PointData, trial: Trial) -> dict[str, float]:
    val = getattr(trial.options, "asked", "test") == "val"
    asked, y = (encoded(encoder, data.val), data.val_y) if val else (encoded(encoder, data.test), data.test_y)
    known, named = encoded(encoder, data.probe), data.probe_y
    if not (torch.isfinite(known).all() and torch.isfinite(asked).all()):
        raise ValueError("an encoder's features are to be finite")
    near = F.normalize(asked[:4000], dim=1) @ F.normalize(known, dim=1).T
    cosine, rows = near.topk(min(20, len(known)), dim=1)
    votes = torch.zeros(len(cosine), CLASSES, device=y.device).scatter_add_(1, named[rows], (cosine / 0.1).exp())
    few = []
    for draw in range(DRAWS):
        order = torch.randperm(len(named), generator=trial.generator(f"few {draw}")).to(named.device)
        rows = torch.cat([order[named[order] == kind][:10] for kind in range(CLASSES)])
        few.append(right(ridge(known[rows], named[rows], asked), y))
    return {"linear": right(ridge(known, named, asked), y), "few_labels": sum(few) / DRAWS,
            "knn": right(votes, y[:4000])}


def encoded(encoder: Encoder, clouds: Clouds) -> Tensor:
    encoder.eval()
    return torch.cat([encoder(part) for part in clouds.split(250)])


def ridge(x: Tensor, y: Tensor, asked: Tensor) -> Tensor:
    """Least squares from standardised features onto classes, with a ridge: what it says of `asked`."""
    mean, sd = x.mean(0), x.std(0).clamp(min=1e-6)
    z, target = ((x - mean) / sd).double(), F.one_hot(y, CLASSES).double()
    weights = torch.linalg.solve(z.T @ z + RIDGE * len(z) * torch.eye(z.shape[1], dtype=z.dtype, device=z.device),
                                 z.T @ (target - target.mean(0)))
    return ((asked - mean) / sd).double() @ weights + target.mean(0)


def right(said: Tensor, y: Tensor) -> float:
    return 100 * (said.argmax(1) == y).double().mean().item()
