"""The problems of the optimizers arena: where examples and labels come from, and which network learns from them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from methods.kit.nets import LayerNorm, PreNormBlock, transformer
from methods.kit.stage.arena import Trial
from methods.kit.stage.data import digits, stdlib_source

SYMBOLS = 96                    # printable ASCII; everything else, line ends included, is symbol 0


def convolutional_network() -> nn.Module:
    """Images (N, 8, 8) -> (N, 10)."""
    layers: list[nn.Module] = [nn.Unflatten(1, (1, 8))]
    for channels in (1, 12, 12):
        layers += [nn.Conv2d(channels, 12, 3, padding=1), nn.ReLU()]
        nn.init.kaiming_normal_(layers[-2].weight)
    return nn.Sequential(*layers, nn.AvgPool2d(4), nn.Flatten(), nn.Linear(12 * 4, 10))


def character_model(channels: int, context: int) -> nn.Module:
    """A one-layer causal transformer: symbols (N, T) -> logits of each next symbol (N * T, SYMBOLS)."""
    return transformer(SYMBOLS, channels, layers=1, heads=2, context=context,
                       norm=lambda width, site: LayerNorm(width),
                       connect=lambda branch, norm, site: PreNormBlock(branch, norm))


def logistic_regression(buckets: int) -> nn.Module:
    """Active buckets (N, K) -> (N, SYMBOLS), from zero."""
    return nn.EmbeddingBag(buckets, SYMBOLS, mode="sum", _weight=torch.zeros(buckets, SYMBOLS))


def symbols() -> Tensor:
    text = torch.from_numpy(stdlib_source(400_000).astype("int64"))
    return torch.where((text >= 32) & (text < 127), text - 31, 0)


def images(sizes: dict, trial: Trial) -> tuple[Tensor, Tensor]:
    x, y = (torch.tensor(part) for part in digits())
    order = torch.randperm(len(x), generator=trial.generator("split"))
    return x[order], y[order]


def language(sizes: dict, trial: Trial) -> tuple[Tensor, Tensor]:
    """Windows of text and, at each place, the next symbol."""
    text, width = symbols(), sizes["context"]
    starts = torch.randperm((len(text) - 1) // width, generator=trial.generator("split"))[:sizes["all"]] * width
    window = text[starts[:, None] + torch.arange(width + 1)]
    return window[:, :-1], window[:, 1:]


def sparse(sizes: dict, trial: Trial) -> tuple[Tensor, Tensor]:
    """The last one to four symbols hashed into buckets, one active bucket each, and the next symbol."""
    text = symbols()
    ends = torch.randperm(len(text) - 4, generator=trial.generator("split"))[:sizes["all"]] + 4
    key, keys = torch.zeros_like(ends), []
    for back in range(1, 5):
        key = key * SYMBOLS + text[ends - back] + back
        keys.append(key * 2654435761 % 1000003 % sizes["buckets"])
    return torch.stack(keys, 1), text[ends]


PROBLEMS = {
    "images": (images, lambda sizes: convolutional_network()),
    "noisy": (images, lambda sizes: convolutional_network()),
    "untuned": (images, lambda sizes: convolutional_network()),
    "language": (language, lambda sizes: character_model(sizes["channels"], sizes["context"])),
    "sparse": (sparse, lambda sizes: logistic_regression(sizes["buckets"])),
}
