"""Where the domain-adaptation arena's pictures and words come from, and how a source and its targets are cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage import rendered
from methods.kit.stage.arena import Trial

Side = tuple[np.ndarray, np.ndarray]        # pictures or words (N, C, H, W) float32, labels (N,)
PER_TOPIC = 100                             # at most so many stories of a topic on each side


@dataclass(frozen=True)
class Domain:
    """Unlabelled pictures x (N, C, H, W), hidden labels y (N,), what they look like in good conditions (or nothing),
    and the test part. Labels equal to the number of taught classes mean unknown."""

    x: Tensor
    y: Tensor
    reference: Tensor
    test_x: Tensor
    test_y: Tensor


@dataclass(frozen=True)
class DomainData:
    """The labelled source, its test part, the targets, and the weights trained on the source, if they are there."""

    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor
    domains: tuple[Domain, ...]
    classes: int
    start: dict[str, Tensor] | None = None


def gathered(trial: Trial) -> DomainData:
    """Source and targets at the trial's seed; the target's unlabelled pictures are never among those of its test,
    and no domain shares a picture with another."""
    o, rng = trial.options, trial.numpy("split")
    source, target = _both(o, rng, trial.progress)
    total = int(source[1].max()) + 1
    taught, shared = (total * 7 // 10, total // 2) if o.private else (total, total)
    rank = rng.permutation(total) if o.private else np.arange(total)
    source, target = [(x, rank[y]) for x, y in (source, target)]
    inside = source[1] < taught
    sx, sy = source[0][inside], source[1][inside]
    keep = (target[1] < shared) | (target[1] >= taught)
    tx, ty = target[0][keep], np.minimum(target[1][keep], taught)
    mine, theirs = rng.permutation(len(sx)), rng.permutation(len(tx))
    cut = min(o.train, len(mine) * 4 // 5)
    each = min(o.unlabelled, len(theirs) * 2 // 5)
    tests = min(o.tests, len(theirs) - each)
    if len(theirs) < len(o.domains) * (each + tests):
        raise ValueError(f"{len(theirs)} target pictures are too few for {len(o.domains)} domains")
    domains, to = [], trial.device
    for kind, first in zip(o.domains, range(0, len(theirs), each + tests), strict=False):
        rows = theirs[first:first + each + tests]
        clean = torch.from_numpy(tx[rows]).float()
        x, y = altered(clean, kind, rng), torch.from_numpy(ty[rows])
        start = each if not o.one_shot else 1
        domains.append(Domain(x[:start].to(to), y[:start].to(to), clean[:start].to(to), x[each:].to(to),
                              y[each:].to(to)))
    mine = torch.from_numpy(mine)
    sx, sy = torch.from_numpy(sx).float(), torch.from_numpy(sy)
    return DomainData(sx[mine[:cut]].to(to), sy[mine[:cut]].to(to), sx[mine[cut:]].to(to), sy[mine[cut:]].to(to),
                      tuple(domains), taught)


def altered(x: Tensor, kind: str, rng: np.random.Generator) -> Tensor:
    """Pictures in other conditions: plain, noise (Gaussian, 0.15) or fade (0.8 of the contrast on a grey ground), of
    either of which a network that knows the source alone reads about half."""
    if kind == "noise":
        return x + 0.15 * torch.from_numpy(rng.standard_normal(x.shape, np.float32))
    return 0.8 * x + 0.1 if kind == "fade" else x


def _both(o, rng: np.random.Generator, progress) -> tuple[Side, Side]:
    """Source and target."""
    if o.small:
        return _small(o, rng)
    if o.task == "emoji":
        drawn = rendered.emoji(on_progress=progress)
        order = rng.permutation(len(drawn.groups))
        cut = len(order) // 2              # no concept is on both sides
        return tuple((_half(np.asarray(drawn.images[style])[rows].transpose(0, 3, 1, 2)), drawn.groups[rows])
                     for style, rows in (("noto", order[:cut]), ("twemoji", order[cut:])))
    if o.task == "sentiment":
        texts, labels, sites = datasets.movie_reviews(progress)
        orders = [rng.permutation(np.flatnonzero(sites == site)) for site in (0, 1)]
        cuts = (o.train * 5 // 4, o.unlabelled + o.tests)
        rows = [order[:cut] for order, cut in zip(orders, cuts, strict=True)]
        spare = [order[cut:cut + 1500] for order, cut in zip(orders, cuts, strict=True)]
        return _bags(texts, labels, rows, np.concatenate(spare))
    if o.task == "news":
        stories = datasets.reuters(progress)
        single = np.flatnonzero(stories.topics.sum(1) == 1)
        common = stories.topics[single].sum(0).argsort()[::-1][:10]
        single = single[stories.topics[single][:, common].any(1)]
        labels = stories.topics[:, common].argmax(1)
        rows = [_even(half, labels, rng) for half in (single[:len(single) // 2], single[len(single) // 2:])]
        spare = np.setdiff1d(np.arange(len(labels)), np.concatenate(rows))
        return _bags(stories.texts, labels, rows, spare)
    printed = rendered.glyphs(on_progress=progress).images[:, 52:]                  # (F, 10, 32, 32): 0 to 9
    images, labels, _, _ = datasets.mnist(progress)
    rows = np.sort(rng.choice(len(images), 3 * (o.unlabelled + o.tests), replace=False))
    written = np.pad(images[rows], ((0, 0), (2, 2), (2, 2)))[:, None]
    return ((_half(printed.reshape(-1, 1, 32, 32)), np.tile(np.arange(10), len(printed))),
            (_half(written), labels[rows]))


def _small(o, rng: np.random.Generator) -> tuple[Side, Side]:
    """Built-in digits, sharp and with noise, in the shape of the task."""
    images, labels = datasets.digits()
    order = rng.permutation(len(labels))[:4 * (o.train + o.unlabelled + o.tests)]
    x, y, half = images[order][:, None], labels[order], len(order) // 2
    if o.task in ("sentiment", "news"):
        x = (x.reshape(len(x), -1, 1, 1) > 0.5).astype(np.float32)
        return (x[:half], y[:half]), (x[half:], y[half:])
    if o.task == "emoji":
        x = np.concatenate([x, 0.5 * x, 1 - x], 1)
    faded = np.clip(0.8 * x[half:] + 0.25 * rng.standard_normal(x[half:].shape), 0, 1).astype(np.float32)
    return (x[:half], y[:half]), (faded, y[half:])


def _half(images: np.ndarray) -> np.ndarray:
    """(N, C, 32, 32) uint8 -> (N, C, 16, 16) in 0..1, averaged over squares of four."""
    n, c, side, _ = images.shape
    return (images.reshape(n, c, side // 2, 2, side // 2, 2).mean((3, 5)) / 255).astype(np.float32)


def _even(rows: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """At most PER_TOPIC of the rows for each label, in random order, so that no topic decides the accuracy."""
    mixed = rng.permutation(rows)
    return np.concatenate([mixed[labels[mixed] == c][:PER_TOPIC] for c in np.unique(labels[rows])])


def _bags(texts, labels: np.ndarray, rows: list[np.ndarray], spare: np.ndarray) -> tuple[Side, Side]:
    """Which of the 1,000 most frequent words a text of each side holds, (N, 1000, 1, 1), scaled to length three.

    Words are counted in the `spare` texts, which are on neither side.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(max_features=1000, binary=True).fit([texts[i] for i in spare])
    bags = [counter.transform([texts[i] for i in part]).toarray().astype(np.float32) for part in rows]
    scaled = [3 * bag / np.sqrt(bag.sum(1, keepdims=True)).clip(1) for bag in bags]
    return tuple((bag[:, :, None, None], labels[part]) for bag, part in zip(scaled, rows, strict=True))
