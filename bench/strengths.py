"""How strongly each method of an arena without learning rates works: a grid over its hyperparameters, on validation.

Every method is tried at every value of its grid on seeds 100 to 102, which are never scored, on items kept for that;
the value with the best primary score is what its file has as default, in all settings.

    python -m bench.strengths hubness                  python -m bench.strengths pretext-tasks pca-half
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping
from dataclasses import replace
from statistics import mean
from typing import Any

import torch

from methods.kit.engine.registry import load_arena, load_method

SEEDS = (100, 101, 102)
BETAS = (1.25, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0)
NEIGHBOURS = (1, 5, 10, 20, 50, 100)
RIDGES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
PARTS = (4, 8, 16, 32, 64)
GRIDS: Mapping[str, Mapping[str, Mapping[str, tuple[float, ...]]]] = {
    "hubness": {
        "csls": {"k": NEIGHBOURS},
        "nearest-neighbour-normalisation": {"alpha": (0.25, 0.5, 0.75, 1.0, 1.25), "k": NEIGHBOURS},
        "inverted-softmax": {"beta": BETAS}, "qb-norm": {"beta": BETAS}, "sinkhorn": {"beta": BETAS},
        "dual-is": {"beta1": BETAS, "beta2": BETAS}, "dual-dis": {"beta1": BETAS, "beta2": BETAS}},
    "pretext-tasks": {
        "pca-half": {"k": (*PARTS, 128)}, "reconstruct-the-other-half": {"ridge": RIDGES},
        "cca-half": {"k": PARTS, "ridge": RIDGES[2:]},
        "downstream-refinement": {"r": (4, 8, 16, 24, 32, 36, 40, 48, 64)},
        "unsupervised-mle": {"k": (*PARTS, 128)}, "all-labels-features": {"ridge": RIDGES}},
}
SETTING = {"downstream-refinement": "shared-nuisance"}      # where it has something to do


def validated(stage: Any, setting: str, seed: int) -> tuple[Any, Any]:
    """Trial and data with the validation items in place of the test's."""
    trial = stage.trial(setting=setting, seed=seed)
    trial.options.asked = "val"                              # where an arena can ask others
    data = stage.data(trial)
    return trial, replace(data, test_x=data.val_x, test_y=data.val_y) if hasattr(data, "val_x") else data


def main() -> int:
    torch.set_num_threads(1)
    arena, *chosen_methods = sys.argv[1:]
    stage = load_arena(arena)()
    made: dict[str, list[tuple[Any, Any]]] = {}
    for slug in chosen_methods or GRIDS[arena]:
        grid, setting, found = GRIDS[arena][slug], SETTING.get(slug, "default"), {}
        if setting not in made:
            made[setting] = [validated(stage, setting, seed) for seed in SEEDS]
        for values in itertools.product(*grid.values()):
            method = load_method(arena, slug)(**dict(zip(grid, values, strict=True)))
            found[values] = mean(stage.score(method, *given)[stage.metrics[0].name] for given in made[setting])
        print(f"{slug} ({setting})")
        for values, score in sorted(found.items(), key=lambda item: -item[1])[:4]:
            said = (f"{name} {value:g}" for name, value in zip(grid, values, strict=True))
            print(f"   {score:6.2f}  " + ", ".join(said), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
