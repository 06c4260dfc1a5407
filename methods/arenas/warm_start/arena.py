"""How much training does a trained network of another shape save?

A small causal model has read source code and novels for long: three blocks of width 32. Now one of another shape is to
be trained on the same texts for 64 steps of 8 windows, and may begin with what the small one knows. All train with
AdamW at one rate. The score is speed: bits per byte of test windows, asked for at the start and after each eighth of
the steps, mean of the nine. Steps that fit an operator are taken from the budget; while they last, what it comes to
counts.

In `default` the target is twice as wide, in `deeper` twice as deep. In `smaller` the source has six blocks of width 48
and the target three of width 32. In `depths` three targets, of two, four and six blocks, are to begin with one object
of two blocks that is made ahead. In `unseen-architecture` the targets have shapes that were not among those for which
weights were predicted ahead; what learns ahead has 400 steps of 8 windows, which are not charged. In `other-modality`
the target has the source's shape and is trained on pictures of clothes: 49 pieces of eight greys after the name of what
is to be seen; bits are those of a piece of the picture.

The rate is 0.001, the lowest of three that were tried (0.001, 0.002 and 0.004) on one seed that is never scored. Starts
that know much are best off with it; from scratch 0.004 would be better by a third of a bit, which is a sixth of what
separates it from them. There is one source of each shape: what differs between sources is not seen.
"""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import mean

import torch
from torch import Tensor, nn

from methods.arenas.warm_start.stage._data import Growing, growing
from methods.arenas.warm_start.stage.task import Task
from methods.kit.lm_nets import Body, groups, nats
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.compressible_models import shaped
from methods.kit.stage.sources import BIBLE, NOVELS

EIGHTHS = 8


class WarmStartMethod(Method):
    """The slot: `initialise` is all that most fill."""

    def initialise(self, target: Body, task: Task) -> None:
        """The target comes with weights drawn anew; they are changed in place."""
        raise NotImplementedError

    def loss(self, target: Body, batch: Tensor, task: Task, progress: float) -> Tensor:
        """The scalar loss of a batch of windows."""
        return nats(target, batch).mean()


class WarmStart(Arena):
    title = "Warm starts"
    metrics = (
        Metric("mean_bits", "Mean bits", "lower", "bits", help="per byte or piece, over the run"),
        Metric("start_bits", "Bits at the start", "lower", "bits", help="before the first step"),
        Metric("end_bits", "Bits at the end", "lower", "bits", help="after the last"),
        Metric("old_bits", "Bits of old text", "lower", "bits", help="per byte of what the source read, at the end"),
    )
    settings = (
        Setting("default", "twice as wide", {}),
        Setting("deeper", "twice as deep", {"targets": ((32, 6),)}),
        Setting("smaller", "half as deep, less wide",
                {"source": "deep", "ready": "shallow", "targets": ((32, 3),)}),
        Setting("depths", "three depths from two blocks",
                {"targets": ((32, 2), (32, 4), (32, 6)), "prepared": True}),
        Setting("unseen-architecture", "two shapes not seen ahead",
                {"targets": ((32, 2), (48, 3)), "prepared": True}),
        Setting("other-modality", "text model, pictures",
                {"targets": ((32, 3),), "pictures": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "steps": 6, "batch": 2, "watched": 8, "tests": 8, "rate": 1e-3,
                                 "decay": 0.05, "source": "shallow", "ready": "", "targets": ((64, 3),),
                                 "prepared": False, "pictures": False}),
        "full": Scale(60, 2048, {"small": False, "steps": 64, "batch": 8, "watched": 48, "tests": 192, "rate": 1e-3,
                                 "decay": 0.05, "source": "shallow", "ready": "", "targets": ((64, 3),),
                                 "prepared": False, "pictures": False}),
        "gpu": Scale(900, 8192, {"small": False, "steps": 2000, "batch": 16, "watched": 512, "tests": 4096,
                                 "rate": 1e-3, "decay": 0.05, "source": "shallow", "ready": "",
                                 "targets": ((64, 3),), "prepared": False, "pictures": False}),
    }
    slot = WarmStartMethod
    baseline = "scratch"
    sources = (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS, datasets.STDLIB, datasets.FASHION_MNIST,
               datasets.DIGITS)

    def data(self, trial: Trial) -> Growing:
        return growing(trial)

    def run(self, method: WarmStartMethod, data: Growing, trial: Trial) -> dict[str, float]:
        runs = [self._one(method, data, trial, shape) for shape in trial.options.targets]
        return {name: mean(run[name] for run in runs) for name in runs[0]}

    def _one(self, method, data: Growing, trial: Trial, shape: tuple[int, int]) -> dict[str, float]:
        o, task = trial.options, Task(data, trial, shape)
        target = shaped(*shape, trial.seed).to(trial.device)
        method.initialise(target, task)
        target.requires_grad_(True)
        start = bits(target, data.test, data.sizes)
        asked = [bits(target, data.watch, data.sizes)]
        at = [round(task.steps * eighth / EIGHTHS) for eighth in range(1, EIGHTHS + 1)]
        asked += [asked[0]] * sum(step <= task.spent for step in at)
        rate = o.rate
        optimizer = torch.optim.AdamW(groups(target, o.decay), rate, betas=(0.9, 0.98))
        for step in range(task.spent, task.steps):
            progress = (step - task.spent) / max(1, task.steps - task.spent)
            for group in optimizer.param_groups:
                group["lr"] = rate * min(1.0, (step - task.spent + 1) / 4) * 0.5 * (1 + math.cos(math.pi * progress))
            optimizer.zero_grad(set_to_none=True)
            method.loss(target, task.batch(), task, progress).backward()
            torch.nn.utils.clip_grad_norm_(target.parameters(), 1.0)
            optimizer.step()
            if step + 1 in at:
                asked.append(bits(target, data.watch, data.sizes))
                trial.record(step + 1, task.steps, bits=asked[-1])
        trial.count(parameters=sum(p.numel() for p in target.parameters()))
        return {"mean_bits": mean(asked), "start_bits": start, "end_bits": bits(target, data.test, data.sizes),
                "old_bits": bits(target, data.read, data.old_sizes)}

    def shuffle_labels(self, data: Growing, generator: torch.Generator) -> Growing:
        """What is read has its pieces in another order within each window, and nothing trained has learnt anything."""
        def mixed(windows: Tensor) -> Tensor:
            order = torch.rand(windows.shape, generator=generator).argsort(1)
            return windows.gather(1, order.to(windows.device))

        def drawn(weights: dict[str, Tensor]) -> dict[str, Tensor]:
            return {name: value.flatten()[torch.randperm(value.numel(), generator=generator).to(value.device)]
                    .view_as(value) for name, value in weights.items()}

        return replace(data, train=mixed(data.train), source=drawn(data.source), ready=drawn(data.ready),
                       prepared={name: drawn(each) for name, each in data.prepared.items()})


@torch.no_grad()
def bits(net: nn.Module, windows: Tensor, sizes: Tensor) -> float:
    """Of the pieces that count for something, over what they count for."""
    total = torch.zeros((), dtype=torch.double, device=windows.device)
    for part in windows.split(256):
        total += (nats(net, part).double() * (sizes[part[:, 1:].long()] > 0)).sum()
    return total.item() / math.log(2) / int(sizes[windows[:, 1:].long()].sum())
