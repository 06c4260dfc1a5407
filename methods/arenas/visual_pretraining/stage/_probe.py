"""What an encoder is worth: ridge classifiers, neighbours, and fine-tuning with few labels."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.visual_pretraining.stage._data import GROUPS, PretrainingData
from methods.arenas.visual_pretraining.stage.nets import Encoder
from methods.kit.stage.arena import Trial

RIDGE, FIRM = 1e-2, 1e-1    # for each label, beside features of variance 1: with many labels, and with few
LOUD = 10.0                 # what makes logits of a ridge classifier's answers
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
            "coarse": share(said[:, CLASSES:].argmax(1) == groups[y]),
            "finetuned": finetuned(encoder, data, x[:MANY], y[:MANY], trial)}


def share(right: Tensor) -> float:
    return 100 * right.double().mean().item()


def ridge(x: Tensor, target: Tensor, asked: Tensor) -> Tensor:
    """Least squares from standardised features onto centred targets, with a ridge: what it says of `asked`."""
    weights, bias = solved(x, target, RIDGE)
    return (asked.double() @ weights + bias).to(target.dtype)


def solved(x: Tensor, target: Tensor, strength: float) -> tuple[Tensor, Tensor]:
    """Weights and bias of that."""
    mean, sd = x.double().mean(0), x.double().std(0).clamp(min=1e-4)
    z, offset = (x.double() - mean) / sd, target.double().mean(0)
    gram = z.T @ z + strength * len(z) * torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
    weights = torch.linalg.solve(gram, z.T @ (target - offset)) / sd[:, None]
    return weights, offset - mean @ weights


def knn(known: Tensor, y: Tensor, asked: Tensor) -> Tensor:
    """Classes by the 20 nearest by cosine, each with weight exp(cosine / 0.1); all are on the sphere."""
    cosine, rows = (asked @ known.T).topk(min(NEIGHBOURS, len(known)), dim=1)
    votes = torch.zeros(len(asked), CLASSES, device=asked.device)
    return votes.scatter_add_(1, y[rows], (cosine / TEMPERATURE).exp()).argmax(1)


def finetuned(encoder: Encoder, data: PretrainingData, x: Tensor, y: Tensor, trial: Trial) -> float:
    """Accuracy in % after all weights learn from a few labels of each class, on top of which a ridge classifier was
    put before; the mean over two draws of labels, each asked about half of the pictures."""
    o, scores = trial.options, []
    for draw, (asked, answer) in enumerate(zip(x.chunk(2), y.chunk(2), strict=True)):
        first, order = draw * o.labels_each, trial.generator(f"finetuning {draw}")
        few = torch.cat([(data.probe_y == c).nonzero()[first:first + o.labels_each, 0] for c in range(CLASSES)])
        net = _begun(encoder, data.probe_x[few], data.probe_y[few])
        optimizer = torch.optim.AdamW(net.parameters(), o.tune_rate, weight_decay=o.decay, fused=True)
        for step in range(o.tune_steps):
            rows = few[torch.randperm(len(few), generator=order)[:o.tune_batch].to(few.device)]
            for group in optimizer.param_groups:
                group["lr"] = o.tune_rate * min(1.0, 10 * (step + 1) / o.tune_steps) * (1 - step / o.tune_steps)
            loss = F.cross_entropy(net(data.probe_x[rows]), data.probe_y[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        scores.append(share(encoded(net, asked).argmax(1) == answer))
    return sum(scores) / len(scores)


def _begun(encoder: Encoder, x: Tensor, y: Tensor) -> nn.Sequential:
    """A copy of the encoder and a layer that says what a ridge classifier says of its features, ten times as loud."""
    body, last = copy.deepcopy(encoder).requires_grad_(True), nn.Linear(encoder.width, CLASSES).to(x.device)
    weights, bias = solved(encoded(encoder, x), F.one_hot(y, CLASSES).float(), FIRM)
    with torch.no_grad():
        last.weight.copy_(LOUD * weights.T)
        last.bias.copy_(LOUD * bias)
    return nn.Sequential(body, last).train()
