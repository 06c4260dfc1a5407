"""How should text be cut before a model reads it?

A method says what units a word becomes. A causal encoder of two blocks, as wide as 60,000 weights allow (embeddings
count, so a small vocabulary buys width), then learns to say the next unit from 1,680 windows of 16 words of the Brown
corpus, read once: 70 batches of 24 with AdamW, the rate 0.004 for all, warmed up for a tenth, then a cosine to a
tenth. All see the same text; who cuts finer passes more units, which are counted. The papers guess hidden words, which
teaches too slowly at this size (a step on hidden words teaches from 15 % of the places), so here all say what follows.

Then the encoder is frozen. The states of its blocks at a word's last unit go to a linear classifier of the word's class
(12 classes, learnt on 400 other windows); the score is bits a word on 1,200 windows of other documents. Chance, the
shares of classes, is 3.1 bits; an encoder that has read nothing knows much already, as classes follow from spelling.

In `misspelt` three in ten of the words of the test have one letter dropped, put in or exchanged with the next (those of
four letters or more); in `keyboard` it is a neighbour on the keyboard. Nothing else changes. In `scripts` every
document is written in one of three scripts (made up): Latin letters, Greek ones for them (two bytes each), or one of
702 signs of three bytes for two letters.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from methods.arenas.input_units.stage._data import LENGTH, WordData, word_data
from methods.arenas.input_units.stage.net import next_units
from methods.arenas.input_units.stage.pieces import PAD
from methods.arenas.input_units.stage.task import Batch, Task
from methods.kit.lm_nets import Body
from methods.kit.lm_reading import adamw, step, warm_cosine
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.lm_probes import linear_bits

CLASSES = 12


class InputUnitsMethod(Method):
    """The slot: `learn` and `cut` are what a method must say. Unit PAD stands for no text."""

    text = 1                    # how much of it; an upper bound has more
    trains = True

    def learn(self, words: list[str], task: Task) -> int:
        """How many units there are, learnt from the text."""
        raise NotImplementedError

    def cut(self, word: str) -> list[int]:
        """At least one unit."""
        raise NotImplementedError

    def net(self, many: int, task: Task) -> Body:
        return task.encoder(many)

    def loss(self, net: Body, batch: Batch, task: Task) -> Tensor:
        return next_units(net(batch.ids), batch.ids, PAD)

    def states(self, net: Body, batch: Batch) -> list[Tensor]:
        """(B, T, D) of every block."""
        return net.states(batch.ids)


class InputUnits(Arena):
    title = "Input units"
    metrics = (
        Metric("probe_bits", "Word class", "lower", "bits", chance=3.1, ceiling=0,
               help="of a word's class, by a linear classifier of frozen states"),
        Metric("probe_error", "Word class errors", "lower", "%", help="words whose class the probe names wrongly"),
        Metric("units_per_word", "Units a word", "lower", help="of the test, the boundary of words included"),
    )
    settings = (
        Setting("default", "words as they are"),
        Setting("misspelt", "letters dropped, put in, exchanged", {"misspelt": "edits"}),
        Setting("keyboard", "neighbours on the keyboard", {"misspelt": "keyboard"}),
        Setting("scripts", "three scripts", {"scripts": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "text": 32, "more": 1, "labelled": 24, "tests": 16, "misspelt": "",
                                 "share": 0.3, "scripts": False, "weights": 20_000, "batch": 8, "rate": 4e-3}),
        "full": Scale(60, 2048, {"small": False, "text": 1680, "more": 4, "labelled": 400, "tests": 1200,
                                 "misspelt": "", "share": 0.3, "scripts": False, "weights": 60_000, "batch": 24,
                                 "rate": 4e-3}),
        "gpu": Scale(600, 8192, {"small": False, "text": 12_000, "more": 4, "labelled": 2000, "tests": 6000,
                                 "misspelt": "", "share": 0.3, "scripts": False, "weights": 1_000_000, "batch": 24,
                                 "rate": 2e-3}),
    }
    slot = InputUnitsMethod
    baseline = "subword"
    sources = (datasets.BROWN, datasets.STDLIB)

    def data(self, trial: Trial) -> WordData:
        return word_data(trial)

    def run(self, method: InputUnitsMethod, data: WordData, trial: Trial) -> dict[str, float]:
        o = trial.options
        text = data.text[:min(len(data.text), o.text * method.text)]
        task = Task(replace(data, text=text), trial)
        net = method.net(method.learn(task.words, task), task)
        trial.count(parameters=sum(p.numel() for p in net.parameters()))
        optimizer, steps = adamw(net, o.rate), len(text) // o.batch if method.trains else 0
        for i in range(steps):
            task.progress = i / steps
            batch = task.batch(text[i * o.batch:(i + 1) * o.batch], method.cut)
            value = method.loss(net, batch, task)
            step(net, optimizer, o.rate * warm_cosine(task.progress, steps), value)
            trial.count(units=batch.ids.numel())
            if i % max(1, steps // 20) == 0 or i == steps - 1:
                trial.record(i + 1, steps, loss=value.item())
        if not steps:
            trial.record(1, 1, loss=0.0)
        read, _ = self._states(method, net.eval(), data.labelled, task)
        asked, many = self._states(method, net, data.test, task)
        bits, wrong = linear_bits(read, data.classes.flatten(), asked, data.test_classes.flatten(), CLASSES)
        return {"probe_bits": bits, "probe_error": wrong, "units_per_word": many / (len(data.test) * LENGTH)}

    @torch.no_grad()
    def _states(self, method, net: nn.Module, windows: list[list[str]], task: Task) -> tuple[Tensor, int]:
        """(words, blocks D) normalised states at words' last units, and how many units there are."""
        found, many = [], 0
        for at in range(0, len(windows), 100):
            batch = task.batch(windows[at:at + 100], method.cut)
            rows = torch.arange(len(batch.ids), device=batch.ids.device)[:, None]
            found.append(torch.cat([nn.functional.layer_norm(state[rows, batch.last], state.shape[-1:])
                                    for state in method.states(net, batch)], -1).flatten(0, 1))
            many += int(batch.ids.ne(PAD).sum())
        return torch.cat(found), many

    def shuffle_labels(self, data: WordData, generator: torch.Generator) -> WordData:
        """Classes go to other words."""
        order = torch.randperm(data.classes.numel(), generator=generator).to(data.classes.device)
        return replace(data, classes=data.classes.flatten()[order].view_as(data.classes))
