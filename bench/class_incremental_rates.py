"""The learning rates of the class-incremental arena: tried on validation pictures, chosen once per group of parameters.

The pictures tried on are test and training pictures of no measured run (the arena's option `validation`), the seeds
are not among the measured ones, and every run of a group counts the same: the largest rate is chosen whose average
accuracy is within a standard error (of the paired differences) of the best one's. The largest, since at a rate near
none nothing is forgotten and nothing told apart. Groups are tried in turn, each with the rates chosen before it. The
methods that speak for the network's rate come from three settings, as it is also the rate of learners that do not
forget.

    python -m bench.class_incremental_rates                        all groups, and the choice
    python -m bench.class_incremental_rates --keep FILE            the same; scores in FILE are not measured again
    python -m bench.class_incremental_rates --keep FILE --seconds 80     stop beginning runs after 80 seconds
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import mean, stdev

import torch

from methods.arenas.class_incremental.arena import ClassIncremental
from methods.kit.engine.registry import load_method

SEEDS = (1000, 1001)
GROUPS = (                                # option, setting it is chosen for, rates, methods and where they are tried
    ("head_rate", "default", (5e-3, 1e-2, 2e-2, 4e-2),
     (("l2p", "default"), ("one-prompt", "default"), ("layer-norm-tuning", "default"))),
    ("part_rate", "default", (1e-3, 2e-3, 4e-3, 8e-3),
     (("lora-fine-tune", "default"), ("ssiat", "default"), ("aper", "default"))),
    ("rate", "default", (2e-5, 5e-5, 1e-4, 2e-4, 5e-4),
     (("fine-tune", "default"), ("lwf", "default"), ("experience-replay", "rehearsal"),
      ("decoupled-cosine", "few-shot"))),
    ("rate", "exemplars", (5e-4, 1e-3, 2e-3, 4e-3),
     (("experience-replay", "exemplars"), ("icarl", "exemplars"), ("lwf", "exemplars"))),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, help="a JSON file of scores to go on from and to add to")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no run after this many seconds")
    options = parser.parse_args()
    torch.set_num_threads(1)
    began, kept = time.monotonic(), {}
    if options.keep and options.keep.exists():
        kept = json.loads(options.keep.read_text())
    chosen: dict[str, dict[str, float]] = {"default": {}, "exemplars": {}}
    for option, setting, rates, contestants in GROUPS:
        given, methods = {**chosen["default"], **chosen[setting]}, [method for method, _ in contestants]
        found: dict[float, list[float]] = {rate: [] for rate in rates}       # in the order of methods and seeds
        for method, where in contestants:
            for rate in rates:
                for seed in SEEDS:
                    key = f"{where} {method} {seed} {sorted({**given, option: rate}.items())}"
                    if key not in kept:
                        if time.monotonic() - began > options.seconds:
                            print(f"{len(kept)} scores so far")
                            return 3
                        kept[key] = validated(method, where, seed, {**given, option: rate})
                        if options.keep:
                            options.keep.write_text(json.dumps(kept, indent=1))
                    found[rate].append(kept[key])
        print(f"\n{option} for {setting}: validation average accuracy (%), mean of seeds {SEEDS[0]} to {SEEDS[-1]}")
        print("".join(f"{name:>20}" for name in ("rate", *methods, "mean", "below the best")))
        best = max(rates, key=lambda rate: mean(found[rate]))
        for rate in rates:
            short = [top - here for top, here in zip(found[best], found[rate], strict=True)]
            error = stdev(short) / len(short)**0.5
            each = [mean(found[rate][i:i + len(SEEDS)]) for i in range(0, len(found[rate]), len(SEEDS))]
            print(f"{rate:>20g}" + "".join(f"{value:>20.2f}" for value in (*each, mean(found[rate])))
                  + f"{mean(short):>12.2f} ± {error:.2f}")
            if mean(short) <= error:
                chosen[setting][option] = max(rate, chosen[setting].get(option, 0.0))
        print(f"chosen: {chosen[setting][option]:g}")
    return 0


def validated(method: str, setting: str, seed: int, rates: dict[str, float]) -> float:
    stage = ClassIncremental()
    trial = stage.trial(setting=setting, seed=seed)
    vars(trial.options).update(rates, validation=True)
    return stage.score(load_method("class-incremental", method)(), trial)["average_accuracy"]


if __name__ == "__main__":
    sys.exit(main())
