"""Pictures of clothes: which have no labels, what is said of those, which the probes learn from and which are asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial

GROUPS = (0, 1, 0, 1, 0, 2, 0, 2, 3, 2)      # of the ten classes: tops, long ones, shoes, bags
WORDS = 4
STYLES = ("inverted", "blurred", "faint", "thick", "noisy")


@dataclass(frozen=True)
class PretrainingData:
    """Pictures (N, 1, H, W) in 0..1 and classes (N,). `x` have no labels to methods; `y` (-1 for what is no clothing)
    is for upper bounds, `tags` (N, 4) are the noisy words of `x`. Then the pictures of the probes, of validation and of
    the test; `chosen` are some pictures picked by hand, and `elsewhere` drawings of all kinds of things.
    """

    x: Tensor
    y: Tensor
    tags: Tensor
    probe_x: Tensor
    probe_y: Tensor
    val_x: Tensor
    val_y: Tensor
    test_x: Tensor
    test_y: Tensor
    chosen: Tensor
    elsewhere: Tensor


def pretraining_data(trial: Trial) -> PretrainingData:
    o, rng = trial.options, trial.numpy("split")
    images, labels = datasets.digits() if o.small else datasets.fashion_mnist(trial.progress)
    top, labels = 1 if o.small else 255, np.asarray(labels)
    order = rng.permutation(len(labels))
    sizes = [o.unlabelled, o.probe, o.val, o.test, o.chosen]
    parts = [(torch.from_numpy(np.array(images[rows], np.float32))[:, None] / top,
              torch.from_numpy(labels[rows].astype(np.int64)))
             for rows in np.split(order[:sum(sizes)], np.cumsum(sizes)[:-1])]
    (x, y), *others = parts
    seen = round(o.seen * len(x))
    x, y = x[:seen], y[:seen]
    elsewhere = _drawings(trial, o.elsewhere, 0)
    if o.polluted:
        x, y = _polluted(x, y, trial)
    tags = tagged(y, trial.generator("tags"))
    if o.styled:
        kept = list(STYLES)
        asked = kept.pop(int(rng.integers(len(STYLES))))
        drawn, noise = torch.from_numpy(rng.integers(0, len(kept), len(x))), trial.generator("style")
        x = sum((restyled(x, name, noise) * (drawn == i)[:, None, None, None] for i, name in enumerate(kept)),
                torch.zeros_like(x))
        others = [(restyled(pictures, asked, noise), named) for pictures, named in others]
    tensors = [x, y, tags, *(part for pair in others[:3] for part in pair), others[3][0], elsewhere]
    return PretrainingData(*(tensor.to(trial.device) for tensor in tensors))


def tagged(y: Tensor, generator: torch.Generator) -> Tensor:
    """The word of a picture's group is missing for one in five, and each other word is there for one in ten."""
    group = torch.tensor([*GROUPS, -1])[y]
    own = group[:, None] == torch.arange(WORDS)
    drawn = torch.rand(len(y), WORDS, generator=generator)
    return torch.where(own, drawn > 0.2, drawn < 0.1).float()


def _drawings(trial: Trial, many: int, part: int) -> Tensor:
    """Doodles of 345 kinds, each picture in one part only."""
    if trial.options.small:
        images, top = datasets.digits()[0][:, ::-1], 1
    else:
        images, top = datasets.quickdraw(trial.progress)[0], 255
    rows = trial.numpy("drawings").permutation(len(images))
    return torch.from_numpy(np.array(images[rows[part:part + many]], np.float32))[:, None] / top


def _polluted(x: Tensor, y: Tensor, trial: Trial) -> tuple[Tensor, Tensor]:
    """Two thirds of the pictures replaced: by handwritten digits, drawings and noise, as many of each."""
    third = len(x) // 9 * 3
    few, left = third // 3 * 2, len(x) - third
    digits = datasets.digits()[0] if trial.options.small else datasets.mnist(trial.progress)[0]
    rows = trial.numpy("digits").permutation(len(digits))[:few]
    written = torch.from_numpy(np.array(digits[rows], np.float32))[:, None] / (1 if trial.options.small else 255)
    drawn = _drawings(trial, few, trial.options.elsewhere)
    noise = torch.rand((left - len(written) - len(drawn), *x.shape[1:]), generator=trial.generator("noise"))
    kinds = torch.cat([y[:third], torch.full((left,), -1)])
    return torch.cat([x[:third], written, drawn, noise]), kinds


def restyled(x: Tensor, name: str, generator: torch.Generator) -> Tensor:
    """Pictures in one of five looks."""
    if name == "inverted":
        return 1 - x
    if name == "blurred":
        return F.avg_pool2d(x, 3, 1, 1)
    if name == "faint":
        return 0.35 + 0.3 * x
    if name == "thick":
        return F.max_pool2d(x, 3, 1, 1)
    return (x + 0.25 * torch.randn(x.shape, generator=generator)).clamp(0, 1)
