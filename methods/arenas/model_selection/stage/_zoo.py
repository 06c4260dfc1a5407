"""Small encoders of drawings that each have learnt some kinds, and what they are worth on kinds that none has seen.

The 345 kinds are parted into five regions of like names, the same for every seed. A seed deals the kinds of a region
into 33 to learn from, 18 of past tasks and 18 of tasks that are asked. An encoder (two layers, the second of 24 or 48
units) names 8 or 24 kinds of one region, or of all regions, after 150 steps: 24 encoders. One more (48 units, 60 kinds)
is kept at ten moments of a long training. All is made once for each seed and kept.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from torch import Tensor

from methods.kit.engine.archives import decoded
from methods.kit.stage import recognised_drawings as _drawings
from methods.kit.stage.data import QUICKDRAW, digits
from methods.kit.stage.lm_ladder import digest
from methods.kit.stage.seeding import numpy_generator, torch_generator
from methods.kit.stage.sources import EFFICIENTNET_LITE0

REGIONS, KINDS, EACH, HIDDEN = 5, 10, 10, 64        # of a task: kinds, and labelled drawings of each
WIDTHS, SIZES, STEPS = (24, 48), (8, 24), 150
MARKS, LONG_KINDS = (0, 5, 10, 20, 40, 80, 160, 320, 640, 1280), 60
TASKS, PAST = 10, 15
TUNING = 15                                        # steps of fine-tuning

Weights = tuple[Tensor, ...]                       # of two layers and the head: matrix, bias, matrix, ...


@dataclass(frozen=True)
class Encoder:
    """What an encoder is: its weights, the kinds that it names and what its card tells."""

    weights: Weights
    kinds: np.ndarray
    region: int
    steps: int
    accuracy: float


@dataclass(frozen=True)
class Zoo:
    """Encoders and the moments of one, past and asked tasks (T, 10) as kinds, and what each encoder (M, T) is worth:
    in % by a probe, the same with other labelled drawings, by fine-tuning, and the logits (M, T, N, 10) of the
    fine-tuned."""

    encoders: list[Encoder]
    moments: list[Encoder]
    past: np.ndarray
    asked: np.ndarray
    probed: dict[str, np.ndarray]
    tuned: dict[str, np.ndarray]
    half: dict[str, np.ndarray]
    said: np.ndarray


def features(weights: Weights, x: Tensor) -> Tensor:
    """(N, W) what the second layer says."""
    for matrix, bias in zip(weights[:4:2], weights[1:4:2], strict=True):
        x = F.relu(x @ matrix + bias)
    return x


@cache
def drawings(small: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features (C, 100, D) and bits (C, 100, B) of all kinds, and the region (C,) of each; the same for every seed."""
    if small:
        images, labels = digits()
        rows = np.stack([np.flatnonzero(labels == i)[:100] for i in range(10)]).repeat(7, 0)
        flat = images.reshape(len(images), -1).astype(np.float32) / 4
        flat = (flat - flat.mean(0)) / 8
        return flat[rows], _drawings.bits_of(images)[rows].astype(np.float32), np.arange(70) % REGIONS
    x, bits = _drawings.drawings()
    shape = (_drawings.KINDS, _drawings.EACH, -1)
    return (np.asarray(x, np.float32).reshape(shape) * 10, np.asarray(bits, np.float32).reshape(shape),
            regions(np.asarray(_drawings.names())))


def regions(names: np.ndarray) -> np.ndarray:
    """(C,) five groups of equally many like names."""
    centres = KMeans(REGIONS, n_init=4, random_state=0).fit(names).cluster_centers_
    cost = ((names[:, None] - centres) ** 2).sum(2).repeat(len(names) // REGIONS, 1)
    return linear_sum_assignment(cost)[1] // (len(names) // REGIONS)


def zoo(seed: int, small: bool, on_progress=None) -> Zoo:
    if small:
        return _opened(_small(seed))
    code = digest(sys.modules[__name__], _drawings)
    return _opened(decoded(f"model-zoo-{seed}", code, (QUICKDRAW, EFFICIENTNET_LITE0),
                           lambda *_: _made(seed, False, on_progress), on_progress))


@cache
def _small(seed: int) -> dict[str, np.ndarray]:
    return _made(seed, True)


def _made(seed: int, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            return _trained(seed, small, on_progress)
    finally:
        torch.set_num_threads(threads)


def _trained(seed: int, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    x, _, region = drawings(small)
    rng, drawn = numpy_generator(seed, "zoo"), torch_generator(seed, "zoo")
    dealt = [rng.permutation(np.flatnonzero(region == r)) for r in range(REGIONS)]
    many = (8, 3) if small else (33, 18)
    learnt = [kinds[:many[0]] for kinds in dealt]
    held = [kinds[many[0]:] if small else kinds[many[0] + i * 18:many[0] + (i + 1) * 18] for i in range(2)
            for kinds in dealt]
    kinds = min(KINDS, min(map(len, held)))
    past, asked = (np.stack([rng.permutation(held[i * REGIONS + t % REGIONS])[:kinds] for t in range(many_tasks)])
                   for i, many_tasks in enumerate((5, 2) if small else (PAST, TASKS)))
    plans = [(family, rng.permutation(np.concatenate(learnt) if family == REGIONS else learnt[family])[:size], width)
             for family in range(REGIONS + 1) for size in SIZES for width in WIDTHS]
    encoders = []
    for at, (family, named, width) in enumerate(plans[:4] if small else plans):
        (weights,) = _learn(x, named, width, (STEPS if not small else 3,), drawn)
        encoders.append((weights, named, family, STEPS, _right(weights, x, named)))
        if on_progress:
            on_progress(at / len(plans), "training encoders of drawings")
    named = rng.permutation(np.concatenate(learnt))[:LONG_KINDS if not small else 8]
    marks = MARKS if not small else (0, 2, 4)
    moments = [(weights, named, REGIONS, mark, _right(weights, x, named))
               for weights, mark in zip(_learn(x, named, WIDTHS[-1], marks, drawn), marks, strict=True)]
    arrays = {"past": past, "asked": asked}
    for group, found in (("encoders", encoders), ("moments", moments)):
        for i, (weights, named, family, steps, accuracy) in enumerate(found):
            arrays |= {f"{group}-{i}-{j}": part.numpy() for j, part in enumerate(weights)}
            arrays[f"{group}-{i}-kinds"] = named
            arrays[f"{group}-{i}-card"] = np.array([family, steps, accuracy])
        nets = [weights for weights, *_ in found]
        for name, tasks, moved in (("asked", asked, 0), ("past", past, 0), ("again", asked, EACH)):
            arrays[f"{group}-probed-{name}"] = np.array([[probed(features(w, torch.from_numpy(np.roll(
                x[task], -moved, 1)))) for task in tasks] for w in nets])
        said = np.stack([tuned(nets, torch.from_numpy(x[task]), drawn, 3 if small else TUNING) for task in asked], 1)
        right = np.repeat(np.arange(kinds), x.shape[1] - EACH)
        hits = 100 * (said.argmax(3) == right)
        arrays |= {f"{group}-tuned": hits.mean(2), f"{group}-half": hits[:, :, ::2].mean(2)}
        arrays[f"{group}-said"] = said.astype(np.float16)
    return arrays


def _opened(arrays: dict[str, np.ndarray]) -> Zoo:
    def some(group: str) -> list[Encoder]:
        found, i = [], 0
        while f"{group}-{i}-card" in arrays:
            family, steps, accuracy = arrays[f"{group}-{i}-card"]
            found.append(Encoder(tuple(torch.from_numpy(np.array(arrays[f"{group}-{i}-{j}"])) for j in range(6)),
                                 np.array(arrays[f"{group}-{i}-kinds"]), int(family), int(steps), float(accuracy)))
            i += 1
        return found

    return Zoo(some("encoders"), some("moments"), np.array(arrays["past"]), np.array(arrays["asked"]),
               {f"{g}-{t}": np.array(arrays[f"{g}-probed-{t}"]) for g in ("encoders", "moments")
                for t in ("asked", "past", "again")},
               {g: np.array(arrays[f"{g}-tuned"]) for g in ("encoders", "moments")},
               {g: np.array(arrays[f"{g}-half"]) for g in ("encoders", "moments")}, np.array(arrays["encoders-said"]))


def _learn(x: np.ndarray, named: np.ndarray, width: int, marks: tuple[int, ...], drawn: torch.Generator
           ) -> list[Weights]:
    """The weights at each mark of a training with Adam on 80 drawings of each kind."""
    rows = torch.from_numpy(x[named][:, :80]).flatten(0, 1)
    kinds = torch.arange(len(named)).repeat_interleave(80)
    sizes = (x.shape[2], HIDDEN, width, len(named))
    weights = [part.requires_grad_() for a, b in zip(sizes, sizes[1:], strict=False)
               for part in ((2 / a) ** 0.5 * torch.randn(a, b, generator=drawn), torch.zeros(b))]
    optimizer, found = torch.optim.Adam(weights, 3e-3), []
    for step in range(marks[-1] + 1):
        if step in marks:
            found.append(tuple(part.detach().clone() for part in weights))
        at = torch.randint(len(rows), (64,), generator=drawn)
        loss = F.cross_entropy(features(tuple(weights), rows[at]) @ weights[4] + weights[5], kinds[at])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return found


def _right(weights: Weights, x: np.ndarray, named: np.ndarray) -> float:
    """In %, how often the encoder names drawings of its kinds that it has not seen."""
    said = features(weights, torch.from_numpy(x[named][:, 80:])) @ weights[4] + weights[5]
    return 100 * float((said.argmax(2) == torch.arange(len(named))[:, None]).float().mean())


def probed(z: Tensor) -> float:
    """In %, how often a ridge regression on the first 10 of each kind (C, N, W) names the others."""
    kinds, many, width = z.shape
    given = z[:, :EACH].flatten(0, 1)
    middle, spread = given.mean(0), given.std(0) + 1e-3
    a = torch.cat([(given - middle) / spread, torch.ones(len(given), 1)], 1)
    wanted = torch.eye(kinds).repeat_interleave(EACH, 0)
    fitted = torch.linalg.solve(a.T @ a + 3.0 * torch.eye(width + 1), a.T @ wanted)
    said = torch.cat([(z[:, EACH:] - middle) / spread, torch.ones(kinds, many - EACH, 1)], 2) @ fitted
    return 100 * float((said.argmax(2) == torch.arange(kinds)[:, None]).float().mean())


def tuned(nets: list[Weights], x: Tensor, drawn: torch.Generator, steps: int) -> np.ndarray:
    """(M, N, C) logits of the other drawings (C, n, D) after all weights trained with a new head on the first 10."""
    kinds, many, _ = x.shape
    given, asked = x[:, :EACH].flatten(0, 1), x[:, EACH:].flatten(0, 1)
    right, said = torch.arange(kinds).repeat_interleave(EACH), [np.empty(0)] * len(nets)
    for width in sorted({len(net[3]) for net in nets}):
        at = [i for i, net in enumerate(nets) if len(net[3]) == width]
        parts = [torch.stack([nets[i][j] for i in at]) for j in range(4)]
        parts = [part if part.dim() == 3 else part[:, None] for part in parts]
        parts += [(1 / width) ** 0.5 * torch.randn(width, kinds, generator=drawn).repeat(len(at), 1, 1),
                  torch.zeros(len(at), 1, kinds)]
        parts = [part.requires_grad_() for part in parts]
        optimizer = torch.optim.Adam(parts, 1e-2)
        for _ in range(steps):
            logits = features(tuple(parts[:4]), given) @ parts[4] + parts[5]
            loss = F.cross_entropy(logits.flatten(0, 1), right.repeat(len(at)), reduction="sum") / len(right)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            found = features(tuple(parts[:4]), asked) @ parts[4] + parts[5]
        for i, one in zip(at, found.numpy(), strict=True):
            said[i] = one
    return np.stack(said)
