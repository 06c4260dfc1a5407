"""Can a model think in whole sentences: which vector comes next?

Sentences are verses of an English Bible, each a vector of 64 numbers: what is left of its words' weights (TF-IDF) on
the 64 main directions of the training text (a sentence encoder stands behind the paper's vectors; here it is a linear
one). Every direction is brought to mean 0 and deviation 1. A method learns from runs of nine sentences of a chapter
(20,000 drawn, batches of 64) what follows, mostly with a causal network of two blocks of width 48 over the vectors, and
says a vector for what comes after eight sentences of other chapters.

It is asked which of 64 verses of the same book that is, by the cosine with the vector; by chance 1.6 % are right. (By
distance, which was tried first, vectors near the middle win, and those that regression says lie there.) The vector that
is nearest on average need not be the one that tells best: distance is scored beside.

Training takes 240 steps of AdamW at rate 0.002, warmed up for a tenth, then a cosine to a tenth, the same for all.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from methods.arenas.sentence_prediction.stage._data import SentenceRuns, sentence_runs
from methods.arenas.sentence_prediction.stage.task import CONTEXT, Task
from methods.kit.lm_reading import adamw, step, warm_cosine
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Trial
from methods.kit.stage.sources import BIBLE


class SentencePredictionMethod(Method):
    """The slot: a network and its loss, or nothing to train; and what is said."""

    sees_beyond = False         # an upper bound, not a contestant

    def prepare(self, task: Task) -> nn.Module | None:
        """What trains; None where nothing does."""
        return None

    def loss(self, net: nn.Module, x: Tensor, task: Task) -> Tensor:
        """Of runs of nine sentences (B, 9, D)."""
        raise NotImplementedError

    def predict(self, net: nn.Module | None, context: Tensor, beyond: Tensor | None, task: Task) -> Tensor:
        """(N, D) what follows contexts (N, 8, D); `beyond` (N, D), what follows that, is for the upper bound."""
        raise NotImplementedError


class SentencePrediction(Arena):
    title = "Sentence prediction"
    metrics = (
        Metric("contrastive_accuracy", "Next sentence", unit="%", chance=1.6, ceiling=100,
               help="how often the verse that follows is closest to what was said, of 64 of the book"),
        Metric("reciprocal_rank", "Reciprocal rank", unit="%", ceiling=100, help="mean of one over its place"),
        Metric("l2", "Distance", "lower", help="mean root of the squared distance to it, a direction"),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "text": 60, "tests": 30, "width": 16, "blocks": 1, "steps": 6,
                                 "batch": 8, "rate": 2e-3}),
        "full": Scale(60, 2048, {"small": False, "text": 20_000, "tests": 3000, "width": 48, "blocks": 2, "steps": 240,
                                 "batch": 64, "rate": 2e-3}),
        "gpu": Scale(600, 8192, {"small": False, "text": 20_000, "tests": 3000, "width": 256, "blocks": 4,
                                 "steps": 3000, "batch": 256, "rate": 1e-3}),
    }
    slot = SentencePredictionMethod
    baseline = "mse-regression"
    sources = (BIBLE, datasets.STDLIB)

    def data(self, trial: Trial) -> SentenceRuns:
        return sentence_runs(trial)

    def run(self, method: SentencePredictionMethod, data: SentenceRuns, trial: Trial) -> dict[str, float]:
        o, task = trial.options, Task(data, trial)
        net, order = method.prepare(task), trial.generator("order")
        if net is not None:
            trial.count(parameters=sum(p.numel() for p in net.parameters()))
            optimizer = adamw(net, o.rate)
            for task.step in range(o.steps):
                rows = torch.randint(len(data.runs), (o.batch,), generator=order).to(trial.device)
                value = method.loss(net, data.runs[rows], task)
                step(net, optimizer, o.rate * warm_cosine(task.step / o.steps, o.steps), value)
                trial.count(sentences=o.batch * CONTEXT)
                if task.step % max(1, o.steps // 20) == 0 or task.step == o.steps - 1:
                    trial.record(task.step + 1, o.steps, loss=value.item())
            net.eval()
        else:
            trial.count(sentences=0)
            trial.record(1, 1, loss=0.0)
        with torch.no_grad():
            said = method.predict(net, data.test, data.test_beyond if method.sees_beyond else None, task)
        gaps = (data.candidates[:, 0] - said).square().mean(1).sqrt()
        near = torch.cosine_similarity(data.candidates, said[:, None], dim=2)
        place = (near[:, 1:] > near[:, :1]).sum(1) + (near[:, 1:] == near[:, :1]).sum(1) / 2 + 1
        return {"contrastive_accuracy": 100 * (place == 1).double().mean().item(),
                "reciprocal_rank": 100 * (1 / place.double()).mean().item(), "l2": gaps.mean().item()}

    def shuffle_labels(self, data: SentenceRuns, generator: torch.Generator) -> SentenceRuns:
        """What follows a run goes to another, and the runs that are tested are other ones than the candidates'."""
        def dealt(x: Tensor) -> Tensor:
            return x[torch.randperm(len(x), generator=generator).to(x.device)]

        runs = data.runs.flatten(0, 1)
        return replace(data, runs=dealt(runs).view_as(data.runs), beyond=dealt(data.beyond), test=dealt(data.test),
                       test_beyond=dealt(data.test_beyond))
