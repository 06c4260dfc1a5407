"""Networks that name pictures, and their hidden units as components."""

from __future__ import annotations

import sys
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.component_attribution.stage.task import Circuit
from methods.kit.engine.archives import decoded, reads
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial
from methods.kit.stage.seeding import numpy_generator, seeded, torch_generator
from methods.kit.stage.word_models import digest, weights_of

LAYERS, WORLDS = 4, 3


@reads(datasets.FASHION_MNIST)
def pictures(small: bool = False, on_progress=None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Training pictures (N, D), classes (N,), and those of the test."""
    if small:
        x, y = (torch.from_numpy(np.array(part)) for part in datasets.digits())
        x = x.flatten(1).float()
        return x[:1200], y[:1200].long(), x[1200:], y[1200:].long()
    drawn, kinds = datasets.fashion_mnist(on_progress)
    rows = numpy_generator(0, "pictures").permutation(len(kinds))[:40_000]
    x = F.avg_pool2d(torch.from_numpy(np.array(drawn[rows]))[:, None].float() / 255, 2).flatten(1)
    y = torch.from_numpy(np.array(kinds[rows])).long()
    return x[:20_000], y[:20_000], x[20_000:], y[20_000:]


def blank(world: int, small: bool) -> nn.ModuleList:
    widths = [64, *[12] * LAYERS, 10] if small else [196, *[64] * LAYERS, 10]
    with seeded(world, torch.device("cpu")):
        return nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:], strict=False))


def namer(world: int, small: bool = False, on_progress=None) -> nn.ModuleList:
    weights = _small(world) if small else decoded(
        f"picture-namer-{world}", digest(sys.modules[__name__]), (datasets.FASHION_MNIST,),
        lambda _: _made(world, False, on_progress), on_progress)
    net = blank(world, small)
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return net.requires_grad_(False)


@cache
def _small(world: int) -> dict[str, np.ndarray]:
    return _made(world, True)


def _made(world: int, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    x, y, _, _ = pictures(small, on_progress)
    net, drawn, steps = blank(world, small), torch_generator(world, "pictures"), 100 if small else 1500
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            optimizer = torch.optim.Adam(net.parameters(), 2e-3)
            for _ in range(steps):
                rows = torch.randint(len(x), (64,), generator=drawn)
                h = x[rows]
                for i, layer in enumerate(net):
                    h = layer(h).relu() if i < LAYERS else layer(h)
                optimizer.zero_grad(set_to_none=True)
                F.cross_entropy(h, y[rows]).backward()
                optimizer.step()
    finally:
        torch.set_num_threads(threads)
    return weights_of(net)


class PictureCircuit(Circuit):
    """The probability of one class on its pictures (N, D); a unit that is off is 0."""

    def __init__(self, net: nn.ModuleList, x: Tensor, wanted: int, trial: Trial):
        self.net, self.wanted, self.trial = net, wanted, trial
        self.values = []
        with torch.no_grad():
            for layer in list(net)[:LAYERS]:
                x = layer(x).relu()
                self.values.append(x)
        self.width = x.shape[1]
        self.layer = torch.arange(LAYERS, device=x.device).repeat_interleave(self.width)

    def size(self) -> Tensor:
        return torch.cat(self.values, 1).abs().mean(0)

    def outcome(self, chosen: Tensor, scale: Tensor, *, frozen: bool = False, through: Tensor | None = None) -> Tensor:
        if through is None:
            return self._run(chosen, scale, frozen)[0]
        became = self._run(chosen, scale, True)[1]
        return self._run(through.expand(len(chosen), -1), scale, False, became)[0]

    def _run(self, chosen: Tensor, scale: Tensor, frozen: bool, given: list[Tensor] | None = None):
        """Outcome (G, N), and what each layer would have been (G, N, K) before units were set."""
        h, computed = self.values[0].expand(len(chosen), -1, -1), []
        for i, value in enumerate(self.values):
            if i:
                h = self.net[i](h).relu()
            computed.append(h)
            put = value * scale[:, None, None] if given is None else given[i]
            h = torch.where(chosen[:, None, i * self.width:(i + 1) * self.width], put, value if frozen else h)
        return self.net[LAYERS](h).softmax(2)[..., self.wanted], computed
