"""How strongly each method of the arena `hubness` corrects: a grid over its hyperparameters, the best on validation.

Every method is tried at every value of its grid on seeds 100 to 102, which are never scored, on docstrings kept for
that; the value with the highest mean reciprocal rank is what its file has as default, in all settings.

    python -m bench.hubness                all methods        python -m bench.hubness csls qb-norm
"""

from __future__ import annotations

import itertools
import sys
from statistics import mean

import torch

from methods.arenas.hubness.arena import Hubness
from methods.kit.engine.registry import load_method

SEEDS = (100, 101, 102)
BETAS = (1.25, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0)
NEIGHBOURS = (1, 5, 10, 20, 50, 100)
GRIDS = {
    "cosine": {}, "mean-centring": {}, "globally-corrected": {}, "csls": {"k": NEIGHBOURS},
    "nearest-neighbour-normalisation": {"alpha": (0.25, 0.5, 0.75, 1.0, 1.25), "k": NEIGHBOURS},
    "inverted-softmax": {"beta": BETAS}, "qb-norm": {"beta": BETAS}, "dual-is": {"beta1": BETAS, "beta2": BETAS},
    "dual-dis": {"beta1": BETAS, "beta2": BETAS}, "sinkhorn": {"beta": BETAS},
}


def main() -> int:
    torch.set_num_threads(1)
    stage, data = Hubness(), {}
    for seed in SEEDS:
        trial = stage.trial(seed=seed)
        trial.options.asked = "val"
        data[seed] = trial, stage.data(trial)
    for slug in sys.argv[1:] or GRIDS:
        found = {}
        for values in itertools.product(*GRIDS[slug].values()):
            chosen = dict(zip(GRIDS[slug], values, strict=True))
            method = load_method("hubness", slug)(**chosen)
            found[tuple(chosen.items())] = mean(stage.score(method, *data[seed])["mrr"] for seed in SEEDS)
        print(slug)
        for chosen, score in sorted(found.items(), key=lambda item: -item[1])[:4]:
            print(f"   {score:6.2f}  " + ", ".join(f"{name} {value:g}" for name, value in chosen), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
