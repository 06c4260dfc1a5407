"""Which task, set by the text itself, teaches an encoder most?

Words, 1,000 frequent ones and the ends of others, are read by two blocks of width 48 behind a short convolution. The
encoder has guessed hidden words (40 %) for 1,500 steps on the Brown corpus; now a method sets its own task for 100
steps of 32 windows of 32 words. Who changes the architecture, and swaps that are not to be confused with what masks
taught (`slm`, `rts`, `c-rts`), begin from random weights and are compared with `masked-language-model-scratch`. A step
that costs more than plain masked words, counted in words that pass through blocks with gradients, is made less often;
heads on words are not counted.

Then the encoder is frozen and asked. A linear classifier of all its states, learnt from 150 windows of other documents,
is to name the class of each of 25,600 test words (`probe_bits`); others name a hidden word among the 64 most frequent,
and the genre of a window; the cosine of mean states is to tell what belongs together. Random labels for the probe give
3.1 bits, what classes' shares give.

In `default` the text is 800 windows of Brown, each read four times. In `documents` it is 8,000 passages of the Bible,
of which pairs are linked by cross references; hidden words and pairs are asked there, classes and genres in Brown.

One rate for all: 0.001, 0.002 and 0.004 were tried with masked words at two seeds that are never scored, and the
highest had the lowest probe bits. From random weights a method has this rate or twice it, whichever was better on
validation stretches at one of these seeds; for `rts` and `c-rts`, whose states collapsed at twice, this one; that was
settled after seed 0 of some had been scored, which was then measured again. Weights of losses are the papers'.
Replaced-token detection does not learn at this size: its loss ends at that of always saying the share of replaced
words, so methods built on it keep their claims for a larger scale. Starts are trained once and kept, three of them,
dealt to the seeds in turn, so what differs between starts is seen less often than the seeds suggest. They have learnt
from masks, which favours methods that show masks. The probe reads the states of all blocks; who has another width or
one block more gives it more numbers.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from methods.arenas.encoder_pretraining.stage._data import EncoderData, encoder_data
from methods.arenas.encoder_pretraining.stage.net import Encoder
from methods.arenas.encoder_pretraining.stage.task import Task
from methods.arenas.encoder_pretraining.stage.words import CLASSES, MASK, RESERVED
from methods.kit.lm_nets import groups
from methods.kit.method import Method
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.data import BROWN_GENRES
from methods.kit.stage.encoder_text import BIBLE, BROWN
from methods.kit.stage.lm_probes import FREQUENT, closeness, effective_rank, linear_bits
from methods.kit.stage.scores import auroc


class EncoderPretrainingMethod(Method):
    """The slot: `loss` is what a method must say."""

    cost = 1.0                  # of a step, in those of plain masked words; who costs more makes fewer steps
    rate_factor = 1.0           # of the arena's rate: 2 for who begins from random weights
    sees_labels = False         # an upper bound, not a contestant

    def prepare(self, task: Task) -> Encoder:
        """The encoder to be trained. What helps it to learn is made known by task.add(name, module)."""
        return task.start()

    def loss(self, net: Encoder, task: Task) -> Tensor:
        raise NotImplementedError

    def rate(self, task: Task) -> float:
        """The factor on the rate at this step."""
        return warm_cosine(task.progress, task.steps)

    def after_step(self, net: Encoder, task: Task) -> None:
        pass

    def finish(self, net: Encoder, task: Task) -> Encoder:
        """The encoder to be asked."""
        return net

    def states(self, net: Encoder, ids: Tensor) -> list[Tensor]:
        """(B, T, D) of every block, for whole or masked windows."""
        return net.states(ids)


def warm_cosine(progress: float, steps: int) -> float:
    """Up in a straight line over 5 % of the steps, then by a cosine to a tenth."""
    return min(1.0, (progress * steps + 1) / (0.05 * steps)) * (0.1 + 0.45 * (1 + math.cos(math.pi * progress)))


class EncoderPretraining(Arena):
    title = "Encoder pretraining"
    metrics = (
        Metric("probe_bits", "Word class", "lower", "bits", chance=3.1, ceiling=0,
               help="of a word's class, by a linear classifier of frozen states"),
        Metric("probe_error", "Word class errors", "lower", "%", help="words whose class the probe names wrongly"),
        Metric("cloze_bits", "Hidden word", "lower", "bits", chance=6.0, ceiling=0,
               help="of a hidden word, one of 64 frequent ones or another, by a linear classifier"),
        Metric("topic_bits", "Genre", "lower", "bits", ceiling=0, help="of a window's genre, one of 15"),
        Metric("pair_auroc", "Pairs", unit="%", chance=50, ceiling=100,
               help="whether windows of one document, or linked passages, are closer than any two"),
        Metric("effective_rank", "Effective rank", help="singular values of last states that make 80 % of their sum"),
    )
    settings = (
        Setting("default", "windows of running text", {"bible": False, "text": 800}),
        Setting("documents", "passages with links", {"bible": True, "text": 8000}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "read": 3, "width": 16, "blocks": 2, "steps": 4, "batch": 4,
                                 "rate": 4e-3, "decay": 0.05, "labelled": 24, "tests": 24, "gaps": 24, "pairs": 16}),
        "full": Scale(60, 2048, {"small": False, "read": 1500, "width": 48, "blocks": 2, "steps": 100, "batch": 32,
                                 "rate": 4e-3, "decay": 0.05, "labelled": 150, "tests": 800, "gaps": 400,
                                 "pairs": 2000}),
        "gpu": Scale(900, 8192, {"small": False, "read": 1500, "width": 192, "blocks": 4, "steps": 2000, "batch": 64,
                                 "rate": 2e-3, "decay": 0.05, "labelled": 600, "tests": 4000, "gaps": 600,
                                 "pairs": 4000}),
    }
    slot = EncoderPretrainingMethod
    baseline = "masked-language-model"
    sources = (BROWN, BIBLE)

    def data(self, trial: Trial) -> EncoderData:
        return encoder_data(trial)

    def run(self, method: EncoderPretrainingMethod, data: EncoderData, trial: Trial) -> dict[str, float]:
        task = Task(data, trial, max(1, round(trial.options.steps / method.cost)))
        if method.sees_labels:
            task.told = (data.told, data.told_classes)
        net = self._train(method, method.prepare(task), task, trial)
        with torch.no_grad():
            return self._asked(method, net.eval(), data)

    def _train(self, method, net: Encoder, task: Task, trial: Trial) -> Encoder:
        o = trial.options
        everything = nn.ModuleList([net, task.parts])
        trial.count(parameters=sum(p.numel() for p in net.parameters()))
        optimizer = torch.optim.AdamW(groups(everything, o.decay), o.rate, betas=(0.9, 0.98))
        net.train()
        for step in range(task.steps if method.cost < math.inf else 0):
            task.step = step
            for group in optimizer.param_groups:
                group["lr"] = o.rate * method.rate_factor * method.rate(task)
            value = method.loss(net, task)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(everything.parameters(), 1.0)
            optimizer.step()
            method.after_step(net, task)
            if step % max(1, task.steps // 20) == 0 or step == task.steps - 1:
                trial.record(step + 1, task.steps, loss=value.item())
        return method.finish(net, task)

    def _asked(self, method, net: Encoder, data: EncoderData) -> dict[str, float]:
        def states(ids: Tensor) -> Tensor:
            return torch.cat([torch.cat(method.states(net, part), -1) for part in ids.split(200)])

        seen, asked = states(data.labelled), states(data.test)
        bits, wrong = linear_bits(seen.flatten(0, 1), data.classes.flatten(), asked.flatten(0, 1),
                                  data.test_classes.flatten(), CLASSES)
        topic, _ = linear_bits(seen.mean(1), data.genres, asked.mean(1), data.test_genres, len(BROWN_GENRES), 0.1)
        left, right = (states(ids).mean(1) for ids in data.pairs)
        near = closeness(left, right, torch.cat([left, right]).mean(0))
        cloze, _ = linear_bits(*self._gaps(states, data.gaps, data.gap_places),
                               *self._gaps(states, data.test_gaps, data.test_gap_places), FREQUENT + 1, 0.05)
        last = method.states(net, data.test[:200])[-1].flatten(0, 1)
        return {"probe_bits": bits, "probe_error": wrong, "cloze_bits": cloze, "topic_bits": topic,
                "pair_auroc": auroc(near, data.together), "effective_rank": effective_rank(last - last.mean(0))}

    def _gaps(self, states, windows: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        found = states(windows.scatter(1, places, MASK))
        at = found.gather(1, places[..., None].expand(-1, -1, found.shape[2]))
        truth = (windows.gather(1, places) - RESERVED).clamp(max=FREQUENT)
        return at.flatten(0, 1), truth.where(truth >= 0, FREQUENT).flatten()

    def shuffle_labels(self, data: EncoderData, generator: torch.Generator) -> EncoderData:
        """Classes and genres that the probes learn from, and those of the upper bound, change places."""
        def dealt(values: Tensor) -> Tensor:
            return values.flatten()[torch.randperm(values.numel(), generator=generator)].view_as(values)

        return replace(data, classes=dealt(data.classes), genres=dealt(data.genres),
                       told_classes=dealt(data.told_classes))
