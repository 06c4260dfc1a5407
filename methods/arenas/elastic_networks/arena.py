"""One budget of training, a network for every size: which way gives the least error at all of them?

Pictures of clothes (Fashion-MNIST, 14 x 14, 10,000 to train on) are to be named by a network of at most so many
multiply-adds, for ten sizes from a tenth to all of the largest network's. Training is paid for in 600 steps of the
largest network; a step of a smaller one costs its share, and so do trained nets that one starts from. A method offers
networks; for each size the one that is best on 3,000 pictures for validation is taken, and its loss on 10,000 others
counts. Where none is small enough, it is that of an even guess.

Search on pictures for validation costs nothing. Rates are the same for all, and none was tuned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.elastic_networks.stage.nets import (
    ALONE_STEPS,
    ANCHOR_STEPS,
    CLASSES,
    WIDTHS,
    WORLDS,
    anchors,
    kept,
    pictures,
)
from methods.arenas.elastic_networks.stage.task import Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial

SIZES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.55, 0.7, 0.85, 1.0)


@dataclass(frozen=True)
class ElasticData:
    train: tuple[Tensor, Tensor]
    watch: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    world: int


class ElasticNetworksMethod(Method):
    """The slot: `offer` spends the budget and gives networks, each with its multiply-adds a picture."""

    beyond_budget = False            # pays for nothing: an upper bound, not a contestant

    def offer(self, task: Task) -> list[tuple[nn.Module, int]]:
        raise NotImplementedError


class ElasticNetworks(Arena):
    title = "A network for every size"
    metrics = (
        Metric("loss", "Loss over sizes", better="lower", unit="nats", chance=math.log(CLASSES), ceiling=0,
               help="cross-entropy on the test, mean over ten sizes"),
        Metric("small_loss", "Loss of the small", better="lower", unit="nats", chance=math.log(CLASSES), ceiling=0,
               help="mean over sizes up to a quarter"),
        Metric("full_loss", "Loss of the largest", better="lower", unit="nats", chance=math.log(CLASSES), ceiling=0,
               help="at full size"),
        Metric("error", "Error over sizes", better="lower", unit="%", chance=90, ceiling=0, help="mean over ten sizes"),
    )
    scales = {
        "smoke": Scale(10, 1024, {"small": True, "budget": 30, "anchor_steps": 15, "sizes": (0.2, 0.5, 1.0)}),
        "full": Scale(120, 2048, {"small": False, "budget": 600, "anchor_steps": ANCHOR_STEPS, "sizes": SIZES}),
        "gpu": Scale(600, 8192, {"small": False, "budget": 50_000, "anchor_steps": ANCHOR_STEPS, "sizes": SIZES}),
    }
    settings = (Setting("default", "ten sizes, one budget"),)
    slot = ElasticNetworksMethod
    baseline = "split-training"
    sources = (datasets.FASHION_MNIST, datasets.DIGITS)

    def data(self, trial: Trial) -> ElasticData:
        world, small = trial.seed % WORLDS, trial.options.small
        anchors(world, small, trial.progress)     # made now: a run may not write
        for width in WIDTHS:
            kept(world, width, ALONE_STEPS, small, trial.progress)
        parts = {name: (x.to(trial.device), y.to(trial.device)) for name, (x, y) in
                 pictures(trial.options.small, trial.progress).items()}
        return ElasticData(parts["train"], parts["watch"], parts["test"], trial.seed % WORLDS)

    def run(self, method: ElasticNetworksMethod, data: ElasticData, trial: Trial) -> dict[str, float]:
        task = Task(data.train, data.watch, data.world, trial)
        offered = [(net.eval(), cost) for net, cost in method.offer(task)]
        if not method.beyond_budget and task.spent > task.budget + 8:
            raise ValueError(f"{method.slug()}: {task.spent:.0f} steps of {task.budget:.0f} were spent")
        watched = [task.loss(net) for net, _ in offered]
        said: dict[int, tuple[float, float]] = {}
        losses, errors = [], []
        for size in task.sizes:
            able = [i for i, (_, cost) in enumerate(offered) if cost <= size * (1 + 1e-6)]
            if not able:
                losses.append(math.log(CLASSES))
                errors.append(90.0)
                continue
            best = min(able, key=lambda i: watched[i])
            if best not in said:
                said[best] = _asked(offered[best][0], *data.test)
            losses.append(said[best][0])
            errors.append(said[best][1])
        trial.count(networks=len(offered))
        trial.record(trial.options.budget, trial.options.budget, loss=losses[-1])
        small = [loss for loss, size in zip(losses, trial.options.sizes, strict=True) if size <= 0.25]
        return {"loss": sum(losses) / len(losses), "small_loss": sum(small) / len(small), "full_loss": losses[-1],
                "error": sum(errors) / len(errors)}

    def shuffle_labels(self, data: ElasticData, generator: torch.Generator) -> ElasticData:
        def dealt(part: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            return part[0], part[1][torch.randperm(len(part[1]), generator=generator).to(part[1].device)]
        return replace(data, train=dealt(data.train), watch=dealt(data.watch))


def _asked(net: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    """Loss, and errors in %."""
    with torch.no_grad():
        logits = torch.cat([net(part) for part in x.split(5000)]).double()
    return F.cross_entropy(logits, y).item(), 100 * (logits.argmax(1) != y).double().mean().item()
