"""Which corruption lets one model both continue a text and fill it in?

A model of one block of width 32 reads a source both ways and says a target from left to right, with one set of weights;
a hidden piece has, when it is said, the place in the text from which it is missing. The model begins as a causal
language model that has read 1,500 batches of eight sources, and goes on with rows of 64 pieces of English prose
(novels, the Bible, reviews, news): a method says what is source, what is target, and what the loss is. All have the
same number of pieces that pass through the net with gradients, some 200,000, in batches of 16 rows, so who says much or
reads twice makes fewer steps. AdamW at rate 0.003, warmed up for a tenth, then a cosine to a tenth, the same for all.

On other documents it is asked for the second half of a row after the first, and for three hidden spans of four pieces
in a row, as the method would ask; the score is bits per byte, the mean of both. A linear classifier of the mean state
of a source tells which of eight sources 24 pieces are of (`probe_bits`).

In `code` rows are functions of the standard library: 16 pieces that say what it does, then 48 of code. `code_bits` are
those of the code after the words and of the words after the code, half each; in `default` they are asked too, of
models that have read prose.

Starts are trained once and kept, three of them, dealt to the seeds in turn. They have read from left to right, which
favours methods that say whole texts so; and a net of this size hardly learns to use what stands to the right of a gap,
so who says a gap after all that stands before it loses little by not reading on. What papers say of one way to corrupt
against another can be asked here; that filling in needs both sides cannot. Weights of losses are the papers' or ours,
as each file says; no weight and no rate was searched.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.sequence_to_sequence_pretraining.stage._data import ROW, SPAN, WORDS, PairData, pair_data
from methods.arenas.sequence_to_sequence_pretraining.stage.net import PrefixBody, prefix_body
from methods.arenas.sequence_to_sequence_pretraining.stage.task import (
    NONE,
    Batch,
    Example,
    Task,
    hidden,
    lesson,
    packed,
    told,
)
from methods.kit.lm_nets import SIZES
from methods.kit.lm_reading import adamw, warm_cosine
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.lm_probes import linear_bits
from methods.kit.stage.lm_text import NAMES
from methods.kit.stage.sources import BIBLE, NOVELS

PROBED = 24


class SequenceToSequencePretrainingMethod(Method):
    """The slot: `example` is what a method must say."""

    budget = 1.0                # an upper bound has more
    both_ways = True            # how the model reads what the probe is asked about

    def prepare(self, net: PrefixBody, task: Task) -> PrefixBody:
        """The net to be trained; what helps it to learn may be part of it."""
        return net

    def example(self, row: list[int], at: int, task: Task) -> Example:
        """What is made of a row, which is number `at` of the text."""
        raise NotImplementedError

    def batch(self, task: Task) -> Batch:
        rows = task.draw()
        return packed([self.example(row, at, task) for row, at in zip(rows, task.rows, strict=True)], task.device)

    def loss(self, net: PrefixBody, batch: Batch, task: Task) -> Tensor:
        return lesson(net, batch)

    def continuation(self, first: list[int], second: list[int], task: Task, words: str = "") -> Example:
        """How the model is asked for what follows; `words` is "code" or "words" where that is to be said of a
        function after the other."""
        return told(first, second)

    def infilling(self, row: list[int], spans: list[tuple[int, int]], task: Task) -> Example:
        """How the model is asked for spans."""
        return hidden(row, spans, task.sentinel, None, True)


class SequenceToSequencePretraining(Arena):
    title = "Sequence-to-sequence pretraining"
    metrics = (
        Metric("mean_bits", "Bits per byte", "lower", "bits", help="mean of going on and filling in"),
        Metric("continuation_bits", "Going on", "lower", "bits", help="per byte of the second half after the first"),
        Metric("infilling_bits", "Filling in", "lower", "bits", help="per byte of three hidden spans"),
        Metric("probe_bits", "Source", "lower", "bits", chance=3.0, ceiling=0,
               help="of which source a text is, by a linear classifier of mean states"),
        Metric("code_bits", "Words and code", "lower", "bits",
               help="per byte of code after what it does, and of that after the code"),
    )
    settings = (Setting("default", "prose"), Setting("code", "functions", {"code": True}))
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "size": "narrow", "read": 5, "code": False, "text": 32, "tests": 8,
                                 "labelled": 32, "batch": 4, "budget": 1200, "rate": 3e-3}),
        "full": Scale(60, 2048, {"small": False, "size": "narrow", "read": 1500, "code": False, "text": 6400,
                                 "tests": 800, "labelled": 800, "batch": 16, "budget": 200_000, "rate": 3e-3}),
        "gpu": Scale(900, 8192, {"small": False, "size": "parent", "read": 6000, "code": False, "text": 64000,
                                 "tests": 4000, "labelled": 4000, "batch": 64, "budget": 20_000_000, "rate": 2e-3}),
    }
    slot = SequenceToSequencePretrainingMethod
    baseline = "prefix-language-model"
    sources = (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS, datasets.STDLIB)

    def data(self, trial: Trial) -> PairData:
        return pair_data(trial)

    def run(self, method: SequenceToSequencePretrainingMethod, data: PairData, trial: Trial) -> dict[str, float]:
        o, task = trial.options, Task(data, trial)
        net = method.prepare(opened(data, *SIZES[o.size]).to(trial.device), task)
        trial.count(parameters=sum(p.numel() for p in net.parameters()))
        optimizer, budget, step = adamw(net, o.rate), o.budget * method.budget, 0
        while task.spent < budget:
            task.progress = task.spent / budget
            batch = method.batch(task)
            value = method.loss(net, batch, task)
            for group in optimizer.param_groups:
                group["lr"] = o.rate * warm_cosine(task.progress, round(budget / max(1, batch.ids.numel())))
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            task.spend(batch.ids.numel())
            if step % 10 == 0 or task.spent >= budget:
                trial.record(min(task.spent, budget), budget, loss=value.item())
            step += 1
        trial.count(pieces=task.spent, steps=step)
        with torch.no_grad():
            return self._asked(method, net.eval(), data, task)

    def _asked(self, method, net: PrefixBody, data: PairData, task: Task) -> dict[str, float]:
        rows, half = data.test.tolist(), ROW // 2
        spans = [[(at, at + SPAN) for at in starts] for starts in data.starts.tolist()]
        on = bits(net, [method.continuation(row[:half], row[half:], task) for row in rows], data.sizes)
        filled = bits(net, [method.infilling(row, some, task) for row, some in zip(rows, spans, strict=True)],
                      data.sizes)
        functions = data.functions.tolist()
        code = bits(net, [method.continuation(row[:WORDS], row[WORDS:], task, "code") for row in functions], data.sizes)
        words = bits(net, [method.continuation(row[WORDS:], row[:WORDS], task, "words") for row in functions],
                     data.sizes)
        read, asked = (mean_states(net, x[:, :PROBED], method.both_ways) for x in (data.labelled, data.test_labelled))
        probe, _ = linear_bits(read, data.labels, asked, data.test_labels, len(NAMES))
        return {"mean_bits": (on + filled) / 2, "continuation_bits": on, "infilling_bits": filled,
                "probe_bits": probe, "code_bits": (code + words) / 2}

    def shuffle_labels(self, data: PairData, generator: torch.Generator) -> PairData:
        """Rows have their pieces in mixed order, probes' labels are dealt anew and the start has learnt nothing."""
        order = torch.rand(data.text.shape, generator=generator).argsort(1)
        mixed = data.text.gather(1, order.to(data.text.device))
        start = {name: value.flatten()[torch.randperm(value.numel(), generator=generator).to(value.device)]
                 .view_as(value) for name, value in data.start.items()}
        return replace(data, text=mixed, start=start,
                       labels=data.labels[torch.randperm(len(data.labels), generator=generator)])


def opened(data: PairData, width: int, blocks: int) -> PrefixBody:
    """The start, with pieces more that stand for no text."""
    net = prefix_body(data.pieces, width, blocks)
    weights = dict(data.start)
    weights["embed.weight"] = torch.cat([weights["embed.weight"],
                                         net.embed.weight.detach()[len(weights["embed.weight"]):].to(
                                             weights["embed.weight"].device)])
    net.load_state_dict(weights)
    return net


def bits(net: nn.Module, examples: list[Example], sizes: Tensor) -> float:
    """Bits per byte of all that is to be said."""
    total, size = 0.0, 0
    for i in range(0, len(examples), 200):
        batch = packed(examples[i:i + 200], sizes.device)
        total += F.cross_entropy(net(batch.ids, batch.source, batch.places).flatten(0, 1), batch.said.flatten(),
                                 ignore_index=NONE, reduction="sum").item()
        size += int(sizes[batch.said[batch.said != NONE]].sum())
    return total / math.log(2) / size


def mean_states(net: PrefixBody, windows: Tensor, both_ways: bool) -> Tensor:
    """(N, D) the mean of the last states of a source, or of what is read from left to right."""
    return torch.cat([net.norm(net.states(part, torch.full_like(part, both_ways, dtype=torch.bool))[-1]).mean(1)
                      for part in windows.split(200)])
