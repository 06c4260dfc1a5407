"""Which texts are unlike those that a model has learnt from?

Short texts of one kind are normal; a method learns from windows of them, and then gives every one of 1,500 other such
texts and 1,500 of another kind a score, the higher the more normal. Texts are 12 pieces, about 20 bytes, so that no
score is perfect. In `default` docstrings of Python are normal, and verses of the Bible in English are not; in
`languages` verses in Portuguese are normal and verses in Latin are not. At hand is a language model that has read
neither (fiction, reviews, news and code), and the same tuned to the normal kind.

What is trained anew has 250 steps of 16 windows and one rate for all. Nothing was tuned here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from methods.arenas.text_novelty.stage.task import Task
from methods.arenas.text_novelty.stage.teachers import SOURCES, WORLDS, tuned
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.lm_text import TEST, TRAIN, library
from methods.kit.stage.scores import auroc


@dataclass(frozen=True)
class NoveltyData:
    """Windows (N, 65) to learn from, short texts (M, T) to ask, and long windows of the other kind, for bounds."""

    train: Tensor
    normal: Tensor
    unlike: Tensor
    other: Tensor


class TextNoveltyMethod(Method):
    """The slot. An instance keeps what `fit` has found for `score`: (N,) of texts (N, T), the higher the more like the
    normal ones."""

    by_lot = False                  # scores are drawn
    sees_unlike = False             # given other texts of the unlike kind: an upper bound, not a contestant

    def fit(self, task: Task) -> None:
        """What is to be learnt of the normal texts."""

    def score(self, windows: Tensor, task: Task) -> Tensor:
        raise NotImplementedError


class TextNovelty(Arena):
    title = "Texts unlike those learnt"
    metrics = (
        Metric("auroc", "AUROC", unit="%", chance=50, ceiling=100,
               help="pairs of a normal text and another in which the normal one scores higher"),
        Metric("fpr95", "Passed at 95 %", better="lower", unit="%", chance=95, ceiling=0,
               help="share of the others that pass where 95 % of normal texts do"),
    )
    settings = (
        Setting("default", "docstrings against verses", {"normal": "docs", "unlike": "bible-en"}),
        Setting("languages", "Portuguese against Latin", {"normal": "bible-pt", "unlike": "bible-la"}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "train": 100, "tests": 30, "length": 12, "steps": 3, "rate": 5e-3}),
        "full": Scale(60, 2048, {"small": False, "train": 6000, "tests": 1500, "length": 12, "steps": 250,
                                 "rate": 6e-3}),
        "gpu": Scale(600, 8192, {"small": False, "train": 12_000, "tests": 1500, "length": 12, "steps": 3000,
                                 "rate": 3e-3}),
    }
    slot = TextNoveltyMethod
    baseline = "scratch-lm"
    sources = (*SOURCES, datasets.STDLIB)

    def data(self, trial: Trial) -> NoveltyData:
        o, rng = trial.options, trial.numpy("texts")
        tuned(trial.seed % WORLDS, o.normal, o.small, trial.progress)     # made now: a run may not write
        shelves = library(o.small, trial.progress).shelves

        def some(name: str, part: int, many: int, length: int) -> Tensor:
            rows = rng.permutation(shelves[name].rows(part))[:many]
            return torch.from_numpy(shelves[name].windows[rows][:, :length]).long().to(trial.device)
        return NoveltyData(some(o.normal, TRAIN, o.train, 65), some(o.normal, TEST, o.tests, o.length),
                           some(o.unlike, TEST, o.tests, o.length), some(o.unlike, TRAIN, o.train, 65))

    def run(self, method: TextNoveltyMethod, data: NoveltyData, trial: Trial) -> dict[str, float]:
        task = Task(data.train, data.other if method.sees_unlike else None, trial)
        method.fit(task)
        with torch.no_grad():
            asked = torch.cat([data.normal, data.unlike])
            scores = method.score(asked, task)
        if scores.shape != asked.shape[:1] or not torch.isfinite(scores).all():
            raise ValueError(f"{method.slug()}: a finite score of every text is wanted")
        trial.count(texts=len(task.windows))
        good, bad = scores.cpu().double().split([len(data.normal), len(data.unlike)])
        labels = torch.cat([torch.ones(len(good)), torch.zeros(len(bad))]).long()
        bound = good.sort().values[int(0.05 * len(good))]
        found = {"auroc": auroc(torch.cat([good, bad]), labels), "fpr95": 100 * (bad >= bound).double().mean().item()}
        trial.record(trial.options.steps, trial.options.steps, **found)
        return found

    def shuffle_labels(self, data: NoveltyData, generator: torch.Generator) -> NoveltyData:
        """Texts asked are dealt anew, so that those called normal are of either kind."""
        rows = torch.cat([data.normal, data.unlike])
        rows = rows[torch.randperm(len(rows), generator=generator).to(rows.device)]
        return replace(data, normal=rows[:len(data.normal)], unlike=rows[len(data.normal):])
