"""Drawings to learn from, to validate on and to ask about, in the looks that a setting wants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.metric_learning.stage.grouping import clusters
from methods.kit.engine.archives import Progress, decoded, reads
from methods.kit.stage.arena import Trial
from methods.kit.stage.data import FASHION_MNIST, MNIST, fashion_mnist, mnist
from methods.kit.stage.drawings import Kinds, drawings
from methods.kit.stage.encoders import strided_encoder
from methods.kit.stage.seeding import seeded

LOOKS = ("plain", "inverted", "thick", "thin")


@dataclass(frozen=True)
class MetricData:
    """`train` with its labels (wrong ones among them where the setting has them), `val` of other kinds, `test` of yet
    others. `bound` are other drawings of the kinds in the test, for the upper bound. `bad` (N,) says which drawings of
    the test are degraded. `domain` (N,) is the look of each to learn from and `asked_domain` (N,) of each in the test,
    all 0 where there is one look. `foreign` are the weights of an encoder that has learnt digits and clothes."""

    train: Kinds
    val: Kinds
    bound: Kinds
    test: Kinds
    bad: Tensor
    domain: Tensor
    asked_domain: Tensor
    foreign: dict[str, np.ndarray]


def metric_data(trial: Trial) -> MetricData:
    o = trial.options
    train, val, test = drawings(trial.numpy("kinds"), o.kinds, o.each, o.small, trial.progress)
    place = torch.arange(len(test)) % o.each[2] < o.each[2] // 2              # half of each kind is the bound's
    bound, asked = Kinds(test.x[place], test.y[place]), Kinds(test.x[~place], test.y[~place])
    noise, bad = trial.generator("looks"), torch.zeros(len(asked), dtype=torch.bool)
    if o.wrong:
        other = torch.randint(len(train.y), (len(train.y),), generator=noise)
        swap = torch.rand(len(train.y), generator=noise) < o.wrong
        train = Kinds(train.x, torch.where(swap, train.y[other], train.y))
    if o.unlabelled:
        train = Kinds(train.x, clusters(F.adaptive_avg_pool2d(train.x, 7).flatten(1), o.kinds[0], noise))
    if o.degraded:
        parts = []
        for part in (train, val, bound, asked):
            bad = torch.rand(len(part), generator=noise) < 0.5
            x = part.x.clone()
            x[bad] = worse(part.x[bad], noise)
            parts.append(Kinds(x, part.y))
        train, val, bound, asked = parts
    if o.styled:
        seen = torch.randint(3, (len(train),), generator=noise)
        x = train.x.clone()
        for i, look in enumerate(LOOKS[:3]):
            x[seen == i] = drawn_in(train.x[seen == i], look)
        train = Kinds(x, train.y)
        val, bound, asked = (Kinds(drawn_in(part.x, LOOKS[3]), part.y) for part in (val, bound, asked))
    domain, asked_domain = torch.zeros_like(train.y), torch.zeros_like(asked.y)
    if o.domains:
        domain, asked_domain = train.y % 3, asked.y % 3
        train, val, bound, asked = map(in_domains, (train, val, bound, asked))
    device = trial.device
    train, val, bound, asked = (Kinds(part.x.to(device), part.y.to(device)) for part in (train, val, bound, asked))
    return MetricData(train, val, bound, asked, bad.to(device), domain.to(device), asked_domain.to(device),
                      foreign(o.small, o.width, trial.progress))


def in_domains(part: Kinds) -> Kinds:
    """Every kind in a look of its own: plain, inverted and thick in turn."""
    x = part.x.clone()
    for i, look in enumerate(LOOKS[:3]):
        x[part.y % 3 == i] = drawn_in(part.x[part.y % 3 == i], look)
    return Kinds(x, part.y)


@reads(MNIST, FASHION_MNIST)
def foreign(small: bool, width: int, on_progress: Progress | None = None) -> dict[str, np.ndarray]:
    """Weights of a `strided_encoder` with 128 features that has learnt to name digits and clothes, made once."""
    if small:
        with seeded(0, torch.device("cpu")):
            return weights(strided_encoder(8, width, 128))
    return decoded(f"digits-and-clothes-{width}", 1, (MNIST, FASHION_MNIST),
                   lambda *_: _taught(width, on_progress), on_progress)


def _taught(width: int, on_progress: Progress | None) -> dict[str, np.ndarray]:
    """400 steps on 20 kinds; one thread, one seed, so always the same."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad(), seeded(0, torch.device("cpu")):
            digit, named, *_ = mnist(on_progress)
            cloth, kinds = fashion_mnist(on_progress)
            net = strided_encoder(28, width, 128)
            head, steps = nn.Linear(128, 20), 400
            optimizer = torch.optim.AdamW([*net.parameters(), *head.parameters()], 2e-3)
            for step in range(steps):
                rows = np.sort(torch.randint(60_000, (48,)).numpy())
                x = torch.from_numpy(np.concatenate([digit[rows], cloth[rows]]).astype(np.float32))[:, None] / 255
                y = torch.from_numpy(np.concatenate([np.asarray(named)[rows], 10 + np.asarray(kinds)[rows]]))
                loss = F.cross_entropy(head(net(x)), y)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                if on_progress and step % 20 == 0:
                    on_progress(step / steps, "teaching an encoder digits and clothes")
    finally:
        torch.set_num_threads(threads)
    return weights(net)


def weights(net: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy().copy() for name, value in net.state_dict().items()}


def worse(x: Tensor, generator: torch.Generator) -> Tensor:
    """Each drawing (N, 1, H, W) in turn blurred to a quarter of its side, half covered, or under noise."""
    side, way = x.shape[-1], torch.arange(len(x)) % 3
    blurred = F.interpolate(F.adaptive_avg_pool2d(x, side // 4), (side, side), mode="bilinear", align_corners=False)
    start = torch.randint(0, side // 2, (len(x), 1, 1, 1), generator=generator)
    columns = torch.arange(side)[None, None, None]
    covered = x * ~((columns >= start) & (columns < start + side // 2))
    noisy = (x + 0.5 * torch.randn(x.shape, generator=generator)).clamp(0, 1)
    return torch.stack([blurred, covered, noisy])[way, torch.arange(len(x))]


def drawn_in(x: Tensor, look: str) -> Tensor:
    """Drawings in another look: inverted, with thicker or thinner strokes."""
    if look == "inverted":
        return 1 - x
    if look == "thick":
        return F.max_pool2d(x, 3, 1, 1)
    if look == "thin":
        return 0.6 * (x - F.avg_pool2d(x, 3, 1, 1)).clamp(min=0) + 0.2
    return x
