"""What features are worth: a ridge classifier, neighbours, class means, and what their geometry says."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.self_supervision.stage._data import SelfSupervisionData
from methods.kit.stage.arena import Trial
from methods.kit.stage.augmentations import view

RIDGES = (1e-3, 1e-1, 10.0)         # for each label, beside features of variance 1
CLASSES, NEIGHBOURS, TEMPERATURE, SOME = 10, 20, 0.1, 5000


@torch.no_grad()
def encoded(net: nn.Module, x: Tensor) -> Tensor:
    net.eval()
    return torch.cat([net(part) for part in x.split(2000)])


def probe(net: nn.Module, data: SelfSupervisionData, trial: Trial, part: str = "test") -> dict[str, float]:
    """Scores of an encoder's features on the test pictures, or on those of validation."""
    learnt, val = encoded(net, data.probe_x), encoded(net, data.val_x)
    x, y = getattr(data, f"{part}_x"), getattr(data, f"{part}_y")
    asked = val if part == "val" else encoded(net, x)
    if not (torch.isfinite(learnt).all() and torch.isfinite(asked).all()):
        raise ValueError("features must be finite")
    scores = {"linear": linear(learnt, data.probe_y, {"val": val, "asked": asked}, data.val_y, y)}
    sphere, known = F.normalize(asked, dim=1), F.normalize(learnt, dim=1)
    scores["knn"] = knn(known, data.probe_y, sphere[:SOME], y[:SOME])
    scores["mean_classifier"] = mean_classifier(learnt, data.probe_y, asked, y)
    some, drawn = sphere[:2000], trial.generator("views of the test")
    seen = [F.normalize(encoded(net, view(x[:2000], drawn)), dim=1) for _ in range(2)]
    gram = some @ some.T
    same, apart = y[:2000, None] == y[None, :2000], ~torch.eye(len(some), dtype=torch.bool, device=some.device)
    scores["alignment"] = (seen[0] - seen[1]).square().sum(1).mean().item()
    scores["uniformity"] = (-2 * (2 - 2 * gram[apart])).exp().mean().log().item()
    scores["tolerance"] = gram[same & apart].mean().item()
    scores["rank"] = effective_rank(asked[:2000]).item()
    return scores


def linear(x: Tensor, y: Tensor, asked: Mapping[str, Tensor], val_y: Tensor, asked_y: Tensor) -> float:
    """Accuracy in % of the least squares onto centred indicators of standardised features; the ridge is the best of
    three on validation pictures."""
    mean, sd = x.mean(0), x.std(0).clamp(min=1e-4)
    z = ((x - mean) / sd).double()
    target = F.one_hot(y, CLASSES).double()
    offset, gram, best = target.mean(0), z.T @ z, (-1.0, 0.0)
    for ridge in RIDGES:
        weights = torch.linalg.solve(gram + ridge * len(z) * torch.eye(z.shape[1], dtype=z.dtype, device=z.device),
                                     z.T @ (target - offset))
        found = [100 * ((((part - mean) / sd).double() @ weights + offset).argmax(1) == of).double().mean().item()
                 for part, of in ((asked["val"], val_y), (asked["asked"], asked_y))]
        best = max(best, (found[0], found[1]), key=lambda pair: pair[0])
    return best[1]


def knn(known: Tensor, y: Tensor, asked: Tensor, asked_y: Tensor) -> float:
    """Accuracy in % of the 20 nearest by cosine, each with weight exp(cosine / 0.1); all are on the sphere."""
    votes = []
    for part in asked.split(2000):
        cosine, rows = (part @ known.T).topk(min(NEIGHBOURS, len(known)), dim=1)
        weight = (cosine / TEMPERATURE).exp()
        votes.append(torch.zeros(len(part), CLASSES, device=part.device).scatter_add_(1, y[rows], weight).argmax(1))
    return 100 * (torch.cat(votes) == asked_y).double().mean().item()


def mean_classifier(x: Tensor, y: Tensor, asked: Tensor, asked_y: Tensor) -> float:
    """Accuracy in % of naming the class whose mean feature has the largest product with the feature."""
    means = torch.stack([x[y == c].mean(0) if (y == c).any() else x.new_zeros(x.shape[1]) for c in range(CLASSES)])
    return 100 * ((asked @ means.T).argmax(1) == asked_y).double().mean().item()


def effective_rank(z: Tensor) -> Tensor:
    """exp of the entropy of the singular values' shares."""
    values = torch.linalg.svdvals(z.double())
    share = values / values.sum().clamp(min=1e-12) + 1e-7
    return (-(share * share.log()).sum()).exp()
