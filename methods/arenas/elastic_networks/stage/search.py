"""Training a network of choices, dropping choices, and the search for paths through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from methods.arenas.elastic_networks.stage.choices import HIDDEN, Choices, Ensemble, Paths
from methods.arenas.elastic_networks.stage.nets import BLOCKS
from methods.arenas.elastic_networks.stage.task import Task


def trained(net: Choices, task: Task, many: int, loss: Callable[[Tensor, Tensor], Tensor],
            shrink: Callable[[], None] | None = None) -> None:
    """The whole budget, `many` paths a step, drawn evenly; `shrink` is called at a half and at three quarters of it."""
    ahead = [0.5, 0.75] if shrink else []

    def step(x: Tensor, y: Tensor) -> tuple[Tensor, float]:
        if shrink and ahead and task.progress >= ahead[0]:
            ahead.pop(0)
            shrink()
        paths = net.draw(task.draw, many)
        return loss(net.outputs(x, paths), y), net.cost(paths)

    task.learn(net.parameters(), step)


def dropped(net: Choices, worth: Sequence[Sequence[float]]) -> None:
    """The allowed choice of least worth is taken away from every block."""
    for allowed, scores in zip(net.allowed, worth, strict=True):
        allowed.remove(min(allowed, key=lambda choice: scores[choice]))


def accuracy_worth(net: Choices, task: Task, many: int, tries: int = 24) -> list[list[float]]:
    """For every block and choice how right paths with it are on pictures for validation, in the mean (share of 1)."""
    total = [[0.0] * len(HIDDEN) for _ in range(BLOCKS)]
    counts = [[0] * len(HIDDEN) for _ in range(BLOCKS)]
    x, y = task.watch[0][:512], task.watch[1][:512]
    for _ in range(tries):
        paths = net.draw(task.draw, many)
        with torch.no_grad():
            right = (net.outputs(x, paths).mean(0).argmax(1) == y).float().mean().item()
        for i, choice in {(i, path[i]) for path in paths[1] for i in range(BLOCKS)}:
            total[i][choice] += right
            counts[i][choice] += 1
    return [[a / b if b else 0.0 for a, b in zip(*each, strict=True)] for each in zip(total, counts, strict=True)]


def searched(net: Choices, task: Task, many: int, pool: int = 80, turns: int = 3) -> list[tuple[nn.Module, int]]:
    """The best paths for each size, by validation loss: a pool drawn evenly, then turns of changes of the best."""
    known: dict[Paths, tuple[int, float]] = {}

    def ask(paths: Paths) -> None:
        if paths not in known and net.cost(paths) <= task.full:
            known[paths] = net.cost(paths), task.loss(Ensemble(net, paths), 600)

    def best() -> list[Paths]:
        found = []
        for size in task.sizes:
            able = [paths for paths, (cost, _) in known.items() if cost <= size]
            found += [min(able, key=lambda paths: known[paths][1])] if able else []
        return list(dict.fromkeys(found))

    small = tuple(min(allowed) for allowed in net.allowed)
    ask((0, (small,) * many))
    for _ in range(pool):
        ask(net.draw(task.draw, many))
    for _ in range(turns):
        for shared, chosen in best():
            for _ in range(2):
                path, block = task.draw(many), task.draw(BLOCKS)
                choice = net.allowed[block][task.draw(len(net.allowed[block]))]
                changed = [list(each) for each in chosen]
                for each in changed if block < shared else [changed[path]]:
                    each[block] = choice
                ask((shared, tuple(map(tuple, changed))))
    return [(Ensemble(net, paths), known[paths][0]) for paths in best()]
