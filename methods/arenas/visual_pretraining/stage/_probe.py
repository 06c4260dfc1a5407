"""What an encoder is worth: ridge classifiers, neighbours, and fine-tuning with few labels."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.visual_pretraining.stage._data import GROUPS, PretrainingData
from methods.arenas.visual_pretraining.stage.nets import Encoder
from methods.kit.stage.arena import Trial

RIDGE = 1e-2            # for each label, beside features of variance 1
CLASSES, NEIGHBOURS, TEMPERATURE, SOME, MANY = 10, 20, 0.1, 3000, 5000


@torch.no_grad()
def encoded(net: nn.Module, x: Tensor) -> Tensor:
    net.eval()
    return torch.cat([net(part) for part in x.split(250)])


def probe(encoder: Encoder, data: PretrainingData, trial: Trial) -> dict[str, float]:
    """Scores on the test pictures, or on those of validation where a choice is made."""
    part = getattr(trial.options, "asked", "test")
    x, y = getattr(data, f"{part}_x"), getattr(data, f"{part}_y")
    known, asked = encoded(encoder, data.probe_x), encoded(encoder, x)
    if not (torch.isfinite(known).all() and torch.isfinite(asked).all()):
        raise ValueError("features must be finite")
    groups = torch.tensor(GROUPS, device=y.device)
    words = int(groups.max()) + 1
    named = torch.cat([F.one_hot(data.probe_y, CLASSES), F.one_hot(groups[data.probe_y], words)], 1).float()
    said = ridge(known, named, asked)
    near = knn(F.normalize(known, dim=1), data.probe_y, F.normalize(asked[:SOME], dim=1))
    return {"linear": share(said[:, :CLASSES].argmax(1) == y), "knn": share(near == y[:SOME]),
            "coarse": share(said[:, CLASSES:].argmax(1) == groups[y]), "finetuned": finetuned(encoder, data, x[:MANY], y[:MANY], trial)}


def share(right: Tensor) -> float:
    return 100 * right.double().mean().item()


def ridge(x: Tensor, target: Tensor, asked: Tensor) -> Tensor:
    """Least squares from standardised features onto centred targets, with a ridge: what it says of `asked`."""
    mean, sd = x.mean(0), x.std(0).clamp(min=1e-4)
    z, offset = ((x - mean) / sd).double(), target.double().mean(0)
    gram = z.T @ z + RIDGE * len(z) * torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
    weights = torch.linalg.solve(gram, z.T @ (target - offset))
    return (((asked - mean) / sd).double() @ weights + offset).to(target.dtype)


def knn(known: Tensor, y: Tensor, asked: Tensor) -> Tensor:
    """Classes by the 20 nearest by cosine, each with weight exp(cosine / 0.1); all are on the sphere."""
    cosine, rows = (asked @ known.T).topk(min(NEIGHBOURS, len(known)), dim=1)
    votes = torch.zeros(len(asked), CLASSES, device=asked.device)
    return votes.scatter_add_(1, y[rows], (cosine / TEMPERATURE).exp()).argmax(1)


def finetuned(encoder: Encoder, data: PretrainingData, x: Tensor, y: Tensor, trial: Trial) -> float:
    """Accuracy in % after all weights learn from a few labels of each class."""
    o, drawn = trial.options, trial.generator("finetuning")
    few = torch.cat([(data.probe_y == c).nonzero()[:o.labels_each, 0] for c in range(CLASSES)])
    body, last = copy.deepcopy(encoder).requires_grad_(True), nn.Linear(encoder.width, CLASSES).to(x.device)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    net = nn.Sequential(body, last).train()
    optimizer = torch.optim.AdamW(net.parameters(), o.tune_rate, weight_decay=o.decay, fused=True)
    for step in range(o.tune_steps):
        rows = few[torch.randperm(len(few), generator=drawn)[:o.tune_batch].to(few.device)]
        for group in optimizer.param_groups:
            group["lr"] = o.tune_rate * min(1.0, 10 * (step + 1) / o.tune_steps) * (1 - step / o.tune_steps)
        loss = F.cross_entropy(net(data.probe_x[rows]), data.probe_y[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return share(encoded(net, x).argmax(1) == y)
