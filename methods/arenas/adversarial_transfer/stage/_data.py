"""A world: a public encoder trained on five kinds of clothing, and three private models fine-tuned from it on the
others. Five worlds are made once; a run at seed s attacks world s mod 5 and draws its own pictures."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.adversarial_transfer.stage.nets import Classifier, Encoder
from methods.kit.engine.archives import decoded, reads
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial
from methods.kit.stage.seeding import seeded, torch_generator

WORLDS, VERSION = 5, 1
KINDS = 5                                # that the encoder is trained on, and as many that it is fine-tuned on
VICTIMS = {"probe": 300, "short": 150, "long": 600}    # steps of fine-tuning; a probe trains the head alone


@dataclass(frozen=True)
class AttackData:
    """`source` is the public model, `victims` the private ones by name, all in eval mode with weights that stay.

    `surrogate` (M, 1, H, W) are pictures of the kinds that the encoder was trained on, `x` (N, 1, H, W) with `y` (N,)
    those to attack, of the other kinds.
    """

    source: Classifier
    victims: dict[str, Classifier]
    surrogate: Tensor
    x: Tensor
    y: Tensor


def attack_data(trial: Trial) -> AttackData:
    o, device, rng = trial.options, trial.device, trial.numpy("pictures")
    world = trial.seed % WORLDS
    source, victims = _models(world, o.small, trial)
    split = _split(world, o.small, trial)
    asked = rng.permutation(split.free)[:o.tests]
    shown = rng.permutation(split.own)[:o.surrogate]
    return AttackData(source.to(device), {name: net.to(device) for name, net in victims.items()},
                      split.pictures(shown).to(device), split.pictures(asked).to(device),
                      split.kinds(asked).to(device))


@dataclass(frozen=True)
class Split:
    """Rows of `images` by who sees them: `own` of the encoder's kinds, `others` that victims learn from, and `free`
    of the victims' kinds, which no model has seen."""

    images: np.ndarray
    labels: np.ndarray
    own: np.ndarray
    others: np.ndarray
    free: np.ndarray
    small: bool

    def pictures(self, rows: np.ndarray) -> Tensor:
        """(N, 1, H, W) in 0..1."""
        return torch.from_numpy(np.array(self.images[rows], np.float32))[:, None] / (1 if self.small else 255)

    def kinds(self, rows: np.ndarray) -> Tensor:
        """The labels (N,) as 0 to 4."""
        return torch.from_numpy(np.unique(self.labels[rows], return_inverse=True)[1])


def _split(world: int, small: bool, trial: Trial | None) -> Split:
    images, labels = datasets.digits() if small else datasets.fashion_mnist(trial.progress if trial else None)
    labels = np.asarray(labels)
    order = np.random.default_rng(0).permutation(len(labels))
    half = len(labels) * 4 // 7
    kinds = np.random.default_rng([world, 1]).permutation(10)[:KINDS]
    of_own = np.isin(labels, kinds)
    shown, kept = order[:half], order[half:]
    return Split(images / images.max() if small else images, labels, np.sort(shown[of_own[shown]]),
                 np.sort(shown[~of_own[shown]]), np.sort(kept[~of_own[kept]]), small)


@reads(datasets.FASHION_MNIST)
def _models(world: int, small: bool, trial: Trial) -> tuple[Classifier, dict[str, Classifier]]:
    weights = _small(world) if small else decoded(
        f"attacked-{world}", VERSION, (datasets.FASHION_MNIST,), lambda *_: _made(world, False, trial), trial.progress)
    models = []
    for name in ("source", *VICTIMS):
        with seeded(0, torch.device("cpu")):
            net = _blank(small)
        net.load_state_dict({key.partition(".")[2]: torch.from_numpy(np.array(value)) for key, value in weights.items()
                             if key.partition(".")[0] == name})
        models.append(net.eval().requires_grad_(False))
    return models[0], dict(zip(VICTIMS, models[1:], strict=True))


def _blank(small: bool) -> Classifier:
    return Classifier(Encoder(8, 16, 2) if small else Encoder(28, 48, 4), KINDS)


@cache
def _small(world: int) -> dict[str, np.ndarray]:
    return _made(world, True)


def _made(world: int, small: bool, trial: Trial | None = None) -> dict[str, np.ndarray]:
    """The weights of all four models; one thread, one seed, so always the same."""
    split, threads = _split(world, small, trial), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad(), seeded(world, torch.device("cpu")):
            source = _blank(small)
            _train(source, split, split.own, 30 if small else 1000, 2e-3, world)
            models = {"source": source}
            for number, (name, steps) in enumerate(VICTIMS.items(), 1):
                if trial:
                    trial.progress(number / 4, "fine-tuning the models to attack")
                net = Classifier(copy.deepcopy(source.encoder), KINDS)
                net.encoder.requires_grad_(name != "probe")
                _train(net, split, split.others, 10 if small else steps, 1e-2 if name == "probe" else 5e-4, world)
                models[name] = net
    finally:
        torch.set_num_threads(threads)
    return {f"{name}.{key}": value.detach().numpy().copy() for name, net in models.items()
            for key, value in net.state_dict().items()}


def _train(net: nn.Module, split: Split, rows: np.ndarray, steps: int, rate: float, world: int) -> None:
    drawn, x, y = torch_generator(world, f"batches of {steps} steps"), split.pictures(rows), split.kinds(rows)
    optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], rate, weight_decay=0.01)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * min(1, 10 * (step + 1) / steps) * 0.5 * (
            1 + math.cos(math.pi * step / steps))
        batch = torch.randint(len(y), (64,), generator=drawn)
        loss = F.cross_entropy(net(x[batch]), y[batch])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
