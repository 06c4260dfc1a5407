"""What a small network that has learnt to name doodles says about digits: features to learn on in seconds."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.engine.archives import decoded, reads
from methods.kit.stage.data import MNIST, QUICKDRAW, mnist, quickdraw
from methods.kit.stage.seeding import seeded, torch_generator

WIDTH = 128         # features per picture
STEPS, BATCH, RATE = 1500, 64, 2e-3
LOOKS = ("plain", "blurred")


class DoodleNet(nn.Module):
    """Three strided convolutions and a layer: (N, 1, 28, 28) in 0..1 -> (N, 128) features; `head` names kinds."""

    def __init__(self, kinds: int):
        super().__init__()
        parts: list[nn.Module] = []
        for into, out in ((1, 16), (16, 32), (32, 64)):
            parts += [nn.Conv2d(into, out, 3, 2, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
        self.body = nn.Sequential(*parts, nn.Flatten(), nn.Linear(64 * 16, WIDTH), nn.ReLU())
        self.head = nn.Linear(WIDTH, kinds)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


def trained(on_progress=None) -> DoodleNet:
    """The network after 1,500 steps on 34,500 doodles of 345 kinds; one thread, one seed, so always the same."""
    images, labels, names = quickdraw(on_progress)
    x, y = torch.from_numpy(np.array(images)), torch.from_numpy(np.array(labels))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad(), seeded(0, torch.device("cpu")):
            net, drawn = DoodleNet(len(names)), torch_generator(0, "doodles")
            optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=0.01)
            for step in range(STEPS):
                optimizer.param_groups[0]["lr"] = RATE * min(1, (step + 1) / 100) * 0.5 * (
                    1 + math.cos(math.pi * step / STEPS))
                rows = torch.randint(len(y), (BATCH,), generator=drawn)
                loss = F.cross_entropy(net.head(net(x[rows, None].float() / 255)), y[rows])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                if on_progress and step % 50 == 0:
                    on_progress(step / STEPS, "learning doodles")
    finally:
        torch.set_num_threads(threads)
    return net.eval()


def look(x: Tensor, name: str) -> Tensor:
    """Pictures (N, 1, H, W) in 0..1 as another site would have them: "blurred" is half the mean of 3 x 3 dots."""
    return x if name == "plain" else (x + F.avg_pool2d(x, 3, 1, 1)) / 2


@reads(QUICKDRAW, MNIST)
def digit_features(on_progress=None) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Features (70000, 128) float16 of all MNIST pictures by look, and their digits (70000,); made once."""
    arrays = decoded("digit-features", 1, (QUICKDRAW, MNIST), lambda *_: _features(on_progress), on_progress)
    return {name: arrays[name] for name in LOOKS}, arrays["digits"]


@torch.no_grad()
def _features(on_progress=None) -> dict[str, np.ndarray]:
    first, digits, second, others = mnist(on_progress)
    x = torch.from_numpy(np.concatenate([first, second]))[:, None]
    net = trained(on_progress)
    return {name: np.concatenate([net(look(part.float() / 255, name)).half().numpy() for part in x.split(1000)])
            for name in LOOKS} | {"digits": np.concatenate([digits, others]).astype(np.int64)}
