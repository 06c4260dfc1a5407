"""The pretrained model of the arena of fine-tuning: its network, its pictures, its cues, and its pretraining.

All pictures are 16 x 16 pixels, white on black, values 0..1. The source is typefaces: letters and digits printed in
many designs; every fifth design is kept for the test of what the model still knows.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.engine.archives import decoded
from methods.kit.stage import sentence_encoder
from methods.kit.stage.data import digits, mnist
from methods.kit.stage.rendered import glyphs
from methods.kit.stage.seeding import derive, seeded, torch_generator
from methods.kit.stage.sources import FONTS

SIDE = 16
CLASSES = 10                        # digits: what is fine-tuned on
PRETRAINED = 1                      # raise when pretraining changes
SLOTS = 8                           # blocks of 2 x 2 pixels along an edge: a cue is a pattern of eight on-off blocks


class Net(nn.Module):
    """Convolutions `layers`, an average over positions, and two classifiers: `head` digits, `source_head` letters.

    A method may replace `pool` (a map (B, C, h, w) -> (B, features)) and `head`; letters are always read from the
    average.
    """

    def __init__(self, widths: tuple[int, ...], letters: int):
        super().__init__()
        strides, shape = (1, 2, 2) + (1,) * (len(widths) - 3), (1, *widths)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, stride, 1), nn.ReLU())
            for a, b, stride in zip(shape, widths, strides, strict=False))
        self.pool: nn.Module = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head: nn.Module = nn.Linear(widths[-1], CLASSES)
        self.source_head = nn.Linear(widths[-1], letters)
        for layer in self.layers:
            nn.init.kaiming_normal_(layer[0].weight)
            nn.init.zeros_(layer[0].bias)

    def maps(self, x: Tensor) -> list[Tensor]:
        """The outputs of all layers, each (B, C, h, w)."""
        found = []
        for layer in self.layers:
            x = layer(x)
            found.append(x)
        return found

    def features(self, x: Tensor) -> Tensor:
        """(B, C) what `head` reads."""
        return self.pool(self.maps(x)[-1])

    def forward(self, x: Tensor) -> Tensor:
        """(B, 10) logits of the digits."""
        return self.head(self.features(x))

    def source(self, x: Tensor) -> Tensor:
        """(B, letters) logits of the source's letters."""
        return self.source_head(self.maps(x)[-1].mean((2, 3)))


class SentenceNet(Net):
    """The same with the upper layers of a sentence encoder: states (B, T, D) of the layers below -> (B, D, T, 1)."""

    def __init__(self, layers: int, topics: int):
        nn.Module.__init__(self)
        self.layers = nn.ModuleList(sentence_encoder.block() for _ in range(layers))
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(sentence_encoder.WIDTH, CLASSES)
        self.source_head = nn.Linear(sentence_encoder.WIDTH, topics)

    def maps(self, x: Tensor) -> list[Tensor]:
        """The outputs of all layers, each (B, D, T, 1)."""
        found = []
        for layer in self.layers:
            x = layer(x)
            found.append(x.mT[..., None])
        return found


def build(o) -> Net:
    """The untrained network of a setting."""
    return SentenceNet(o.layers, 4 if o.small else sentence_encoder.TOPICS) if o.sentences \
        else Net(o.widths, letters_of(o.small))


class Sizes(NamedTuple):
    """What pretraining depends on."""

    small: bool
    widths: tuple[int, ...]
    unlabelled: int                 # steps of restoring hidden patches
    labelled: int                   # steps of naming letters and digits
    many: int                       # pictures a step
    cues: bool


def letters_of(small: bool) -> int:
    return CLASSES if small else 26


def source_pictures(small: bool, on_progress=None) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures (N, 1, 16, 16), classes (N,) and which are for the test (N,) bool.

    Classes 0..9 are digits, from 10 on letters, capitals and small ones alike. Small: scanned digits, negative,
    and as "letters" the same turned by a quarter.
    """
    if small:
        images, labels = digits()
        x, y = enlarge(torch.from_numpy(np.array(images[:600])), 14), torch.from_numpy(np.array(labels[:600]))
        test = torch.arange(600) % 5 == 4
        return torch.cat([x, x.rot90(1, (2, 3))]), torch.cat([y, y + CLASSES]), torch.cat([test, test])
    found = glyphs(32, on_progress)
    x = F.avg_pool2d(torch.from_numpy(np.array(found.images)).float().flatten(0, 1)[:, None] / 255, 2)
    kinds = torch.tensor([CLASSES + i % 26 for i in range(52)] + list(range(10)))
    test = torch.from_numpy(np.array(found.families % 5 == 4))
    return x, kinds.repeat(len(found.images)), test.repeat_interleave(62)


def target_pictures(small: bool, on_progress=None) -> tuple[Tensor, Tensor]:
    """Handwritten digits (N, 1, 16, 16) and labels (N,): MNIST; small: a second share of the scanned digits."""
    if small:
        images, labels = digits()
        x = enlarge(torch.from_numpy(np.array(images[600:1200])), 12)
        return 0.7 * x, torch.from_numpy(np.array(labels[600:1200]))
    images, labels, more, more_labels = mnist(on_progress)
    chosen = np.concatenate([images[:12000], more[:4000]])
    x = F.pad(torch.from_numpy(chosen).float()[:, None] / 255, (2, 2, 2, 2))
    return F.avg_pool2d(x, 2), torch.from_numpy(np.concatenate([labels[:12000], more_labels[:4000]]))


def shifted_pictures(small: bool) -> tuple[Tensor, Tensor]:
    """Digits by other hands and another scanner, enlarged to the target's size: never trained on."""
    images, labels = digits()
    part = slice(1200, None) if small else slice(None)
    return enlarge(torch.from_numpy(np.array(images[part])), 12), torch.from_numpy(np.array(labels[part]))


def enlarge(images: Tensor, side: int) -> Tensor:
    """(N, h, w) -> (N, 1, 16, 16): resized to `side` and framed in black."""
    edge = (SIDE - side) // 2
    x = F.interpolate(images[:, None], (side, side), mode="bilinear", align_corners=False)
    return F.pad(x, (edge,) * 4)


def with_cues(x: Tensor, y: Tensor, places: tuple[str, ...], trust: float, draw: torch.Generator) -> Tensor:
    """Pictures with an on-off pattern along the "top" or "bottom" edge.

    At a place in `places` it is the code of the picture's class with probability `trust`, else of any class;
    at the other place always of any.
    """
    codes = torch.rand(128, SLOTS, generator=torch_generator(0, "cue codes")) < 0.5
    out, many = x.clone(), int(y.max()) + 1
    for place, rows in (("top", slice(0, 2)), ("bottom", slice(SIDE - 2, SIDE))):
        told = torch.rand(len(y), generator=draw) < (trust if place in places else 0.0)
        shown = torch.where(told, y, torch.randint(many, y.shape, generator=draw))
        pattern = codes[shown + (64 if place == "bottom" else 0)]
        out[:, 0, rows] = pattern.float().repeat_interleave(SIDE // SLOTS, 1)[:, None]
    return out


def pretrained(o: Sizes, on_progress=None) -> dict[str, np.ndarray]:
    """Weights after restoring patches ("base.*") and after learning to name ("named.*"); the same for every seed."""
    if o.small:
        return _small_pretrained(o)
    sources = tuple(source for _, source in FONTS)
    name = f"finetuning-{derive(0, repr(o)):x}"
    return decoded(name, PRETRAINED, sources, lambda *_: pretrain(o, on_progress), on_progress)


@cache
def _small_pretrained(o: Sizes) -> dict[str, np.ndarray]:
    return pretrain(o)


def pretrain(o: Sizes, on_progress=None) -> dict[str, np.ndarray]:
    """Two stages on the training designs; one thread, fixed seed.

    First the network restores hidden patches. Then it learns to name letters and digits. The first stage's
    `source_head` is a linear probe trained on its frozen features.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.enable_grad(), seeded(0, torch.device("cpu")):
        x, y, test = source_pictures(o.small, on_progress)
        draw = torch_generator(0, "pretraining")
        if o.cues:
            x = with_cues(x, y, ("top",), 0.9, draw)
        x, y = x[~test], y[~test]
        net = Net(o.widths, letters_of(o.small))
        restore = nn.Linear(o.widths[-1], 16)                              # a patch of 4 x 4 at each of 4 x 4 places

        def restoring(part: Tensor, _: Tensor) -> Tensor:
            hidden = torch.rand(len(part), 1, 4, 4, generator=draw) < 0.5
            shown = part * ~hidden.repeat_interleave(4, 2).repeat_interleave(4, 3)
            patches = restore(net.maps(shown)[-1].flatten(2).mT)           # (B, 16, 16)
            return (patches - F.unfold(part, 4, stride=4).mT).square().mean()

        def naming(part: Tensor, kinds: Tensor) -> Tensor:
            z = net.maps(part)[-1].mean((2, 3))
            return F.cross_entropy(torch.cat([net.head(z), net.source_head(z)], 1), kinds)

        def probing(part: Tensor, kinds: Tensor) -> Tensor:
            with torch.no_grad():
                z = net.maps(part)[-1].mean((2, 3))
            return F.cross_entropy(torch.cat([net.head(z), net.source_head(z)], 1), kinds)

        def train(loss, parameters, steps: int, rate: float) -> None:
            parameters = list(parameters)
            optimizer = torch.optim.AdamW(parameters, rate, weight_decay=0.01)
            for step in range(steps):
                optimizer.param_groups[0]["lr"] = rate * min(1, (step + 1) / (0.05 * steps)) * 0.5 * (
                    1 + math.cos(math.pi * step / steps))
                at = torch.randint(len(y), (o.many,), generator=draw)
                optimizer.zero_grad(set_to_none=True)
                loss(shifted(x[at], 1, draw), y[at]).backward()
                nn.utils.clip_grad_norm_(parameters, 1.0)
                optimizer.step()
                if on_progress and step % 50 == 0:
                    on_progress(step / steps, "pretraining the source model")

        train(restoring, [*net.layers.parameters(), *restore.parameters()], o.unlabelled, 3e-3)
        heads = [*net.head.parameters(), *net.source_head.parameters()]
        train(probing, heads, max(1, o.labelled // 4), 1e-2)
        base = {f"base.{name}": value.numpy().copy() for name, value in net.state_dict().items()}
        train(naming, net.parameters(), o.labelled, 1e-2 if o.small else 3e-3)
    torch.set_num_threads(threads)
    return base | {f"named.{name}": value.numpy().copy() for name, value in net.state_dict().items()}


def shifted(x: Tensor, most: int, draw: torch.Generator) -> Tensor:
    """x (B, 1, H, W), each picture moved by up to `most` pixels; what leaves the frame is lost. Texts stay."""
    if x.ndim < 4:
        return x
    n, side = len(x), x.shape[-1]
    corner = torch.randint(0, 2 * most + 1, (2, n, 1), generator=draw)
    rows, columns = (corner + torch.arange(side)).to(x.device)
    which = torch.arange(n, device=x.device)[:, None, None]
    return F.pad(x, (most,) * 4)[:, 0][which, rows[:, :, None], columns[:, None, :]][:, None]
