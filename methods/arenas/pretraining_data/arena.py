"""Which passages of a mixed pool should a small language model read?

A causal language model of 29,000 weights is early in its training: it has read 400 batches of 16 passages (65 pieces
each) of eight sources, from novels to source code. It goes on with 100 batches, from a pool of 2,560 other passages of
which it may keep a quarter. Two fifths of the pool are clean; a fifth each has its pieces in mixed order, three in ten
pieces replaced by strange ones, or is one of 24 passages that come again and again. A method says which passages to
keep (in one round or several, each followed by its share of the training), may change them, and may weigh the passages
of a batch by their losses. It has at hand 200 clean passages, 304 of which it is known whether they are whole, the
model itself, and others that have read 100 to 1,500 batches of clean text. The score is bits per byte of other
documents of all eight sources.

In `target` nothing is spoilt, the 200 passages are docstrings, an eighth is kept, and docstrings alone are asked.

AdamW at rate 0.005, the same for all, since only the passages differ; a tenth of warm-up, then a cosine to a tenth. The
regime (how much the start had read, how often passages repeat) was chosen on seeds that are never scored. From a blank
start 240 batches end a quarter of a bit below pieces' frequencies, and a rule that keeps easy text beats clean text
itself. Models that have read are trained once and kept, three worlds of them, dealt to the seeds in turn. They read
clean passages of the same training documents, so some of the pool is known to them.

A rule that ranks passages keeps every copy of one it likes. Papers that rank start from text without copies, which is
spared them there and not here. Strengths of methods were set once, beforehand; none was searched.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from methods.arenas.pretraining_data.stage._data import PassageData, passages
from methods.arenas.pretraining_data.stage.task import Task
from methods.kit.lm_nets import batches, bits_per_byte
from methods.kit.lm_reading import adamw, per_passage, step, warm_cosine
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.lm_starts import blank
from methods.kit.stage.sources import BIBLE, NOVELS


class PretrainingDataMethod(Method):
    """The slot: everything has a default, which together is a random quarter."""

    rounds = 1          # how often passages are chosen

    def rewrite(self, pool: Tensor, task: Task) -> Tensor:
        """The passages (N, 65) as they are to be read, EMPTY at the end where they became shorter."""
        return pool

    def choose(self, task: Task) -> Tensor:
        """The rows to keep from now on, at most `task.now`."""
        return task.random(task.now)

    def weigh(self, losses: Tensor, batch: Tensor, net: nn.Module, task: Task) -> Tensor:
        """Weights (B,) of the losses (B,) of a batch's passages."""
        return torch.full_like(losses, 1 / len(losses))


class PretrainingData(Arena):
    title = "Pretraining data"
    metrics = (
        Metric("bits_per_byte", "Bits per byte", "lower", "bits", help="of unread documents; all sources, or the "
               "target"),
        Metric("clean_share", "Right ones kept", "higher", "%", help="of what was kept, clean passages (in `target`: "
               "of the target)"),
        Metric("distinct_share", "Different ones", "higher", "%", help="of what was kept, passages of which no other "
               "is a copy"),
    )
    settings = (
        Setting("default", "a spoilt pool"),
        Setting("target", "one source is asked", {"target": "docs", "dirt": (1.0, 0.0, 0.0, 0.0), "keep": 0.125}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "pool": 160, "dirt": (0.4, 0.2, 0.2, 0.2), "target": "all", "keep": 0.2,
                                 "sample": 16, "annotated": 32, "test": 16, "ladder": (1, 2, 3, 4, 5), "begin": 2,
                                 "steps": 8, "batch": 4, "rate": 5e-3, "reference": 4, "buckets": 512}),
        "full": Scale(60, 2048, {"small": False, "pool": 2560, "dirt": (0.4, 0.2, 0.2, 0.2), "target": "all",
                                 "keep": 0.25, "sample": 200, "annotated": 304, "test": 1024,
                                 "ladder": (100, 200, 400, 800, 1500), "begin": 2, "steps": 100, "batch": 16,
                                 "rate": 5e-3, "reference": 60, "buckets": 4096}),
        "gpu": Scale(900, 8192, {"small": False, "pool": 16_000, "dirt": (0.4, 0.2, 0.2, 0.2), "target": "all",
                                 "keep": 0.25, "sample": 800, "annotated": 1600, "test": 8000,
                                 "ladder": (100, 200, 400, 800, 1500), "begin": 2, "steps": 600, "batch": 32,
                                 "rate": 5e-3, "reference": 240, "buckets": 16_384}),
    }
    slot = PretrainingDataMethod
    baseline = "random"
    sources = (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS, datasets.STDLIB)

    def data(self, trial: Trial) -> PassageData:
        return passages(trial)

    def run(self, method: PretrainingDataMethod, data: PassageData, trial: Trial) -> dict[str, float]:
        o, task = trial.options, Task(data, trial, blank("narrow", trial.seed))
        task.rounds = method.rounds
        optimizer, order = adamw(task.net, o.rate), trial.generator("order")
        read = method.rewrite(data.pool, task)
        for task.round in range(method.rounds):
            rows = method.choose(task)
            task.kept = torch.cat([task.kept, rows.to(trial.device)])
            first, last = (o.steps * (task.round + i) // method.rounds for i in (0, 1))
            for i, some in enumerate(batches(len(task.kept), o.batch, last - first, order), first):
                task.progress = i / o.steps
                batch = read[task.kept[some.to(trial.device)]]
                losses = per_passage(task.net, batch)
                weights = method.weigh(losses, batch, task.net, task).detach()
                value = (weights * losses).sum()
                step(task.net, optimizer, o.rate * warm_cosine(task.progress, o.steps), value)
                trial.count(windows=len(batch))
                if i % max(1, o.steps // 20) == 0 or i == o.steps - 1:
                    trial.record(i + 1, o.steps, loss=value.item())
        task.net.eval()
        kept = data.pool[task.kept]
        return {"bits_per_byte": bits_per_byte(task.net, data.test, data.sizes),
                "clean_share": 100 * data.wanted[task.kept].float().mean().item(),
                "distinct_share": 100 * len(kept.unique(dim=0)) / len(kept)}

    def shuffle_labels(self, data: PassageData, generator: torch.Generator) -> PassageData:
        """Every passage at hand has its pieces in mixed order, and no model has learnt anything."""
        def mixed(windows: Tensor) -> Tensor:
            return windows.gather(1, torch.rand(windows.shape, generator=generator).argsort(1).to(windows.device))

        def unlearnt(net):
            other = type(net)(*net.embed.weight.shape, len(net.blocks), net.blocks[0].mixer.heads)
            other.load_state_dict({name: value.flatten()[torch.randperm(value.numel(), generator=generator).to(
                value.device)].view_as(value) for name, value in net.state_dict().items()})
            return other.to(net.embed.weight.device)

        return replace(data, pool=mixed(data.pool), sample=mixed(data.sample), annotated=mixed(data.annotated),
                       ladder=tuple(map(unlearnt, data.ladder)))
