"""What should a small transformer learn from unlabelled pictures?

A method sees 10,000 pictures of clothes (Fashion-MNIST) without labels and trains a transformer on their 16 patches of
7 x 7 dots: two blocks of width 32, whose features are the mean of its tokens. What counts is what others can do with
these features: a ridge classifier that learns from 2,000 labelled pictures and is asked about 10,000 others. Beside it,
all weights are tuned on 100 labels, from a ridge classifier on, twice.

Everybody has the same pictures, batch order, views, transformer and initial weights, and AdamW with warm-up and a
cosine, in batches of 32. The budget, 9,600, is counted in pictures that pass through the encoder with gradients on,
each view and each pass counting once however many of its patches are shown; slow copies are free. Decoders, heads and
predictors train with the encoder and are thrown away. Some methods also see noisy words (each picture's group of
clothes, missing for one in five, and each other group's word for one in ten); their files say so, and they are rivals
of each other.

The factor on the learning rate is chosen for each method alike: the best of 0.3, 1 and 3 by the ridge classifier on
validation pictures of seed 100, which is never scored; a variant of a method has that method's factor. Other constants
are the papers', or said to be ours. In `small-data` there are 500 pictures without labels; in `polluted` two thirds of
them are digits, drawings and noise; in `new-style` they come in four looks, and all that is asked about in a fifth; in
`sizes` three widths are wanted, each scored, and the scores averaged.

Seen before the arena was set: with batches of 64 and a width of 48, learning by hidden patches had hardly begun; what
tokens of the shown quarter say of the hidden part does not tell an untrained transformer from a trained one, so it is
not asked.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.visual_pretraining.stage._checks import answers_each_picture_alone, pays_for_its_pictures
from methods.arenas.visual_pretraining.stage._data import PretrainingData, pretraining_data
from methods.arenas.visual_pretraining.stage._probe import probe
from methods.arenas.visual_pretraining.stage.nets import Encoder, Parts
from methods.arenas.visual_pretraining.stage.task import Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial

PLAIN = {"seen": 1.0, "polluted": False, "styled": False, "sized": False}


class VisualPretrainingMethod(Method):
    """The slot: most fill `network` and `loss`. Methods that train declare `rate`, a factor on the arena's rate."""

    sees_tags = False                # noisy words of the unlabelled pictures
    sees_labels = False              # their classes: an upper bound, not a contestant

    @property
    def pace(self) -> float:
        """The method's factor on the arena's learning rate."""
        return getattr(self, "rate", 1.0)

    def network(self, task: Task) -> Parts:
        """A new encoder, and what trains with it."""
        return task.parts(task.encoder())

    def loss(self, net: Parts, x: Tensor, task: Task) -> Tensor:
        """The scalar loss of a batch of pictures (B, 1, H, W)."""
        raise NotImplementedError

    def step(self, net: Parts, task: Task) -> Tensor:
        """Draw a batch and return its loss."""
        return self.loss(net, task.draw(), task)

    def after_step(self, net: Parts, task: Task) -> None:
        """Called after each step of the optimiser."""

    def fit(self, task: Task) -> Encoder:
        """The encoder whose features are asked."""
        net = self.network(task)
        task.train(net, lambda: self.step(net, task), lambda: self.after_step(net, task), rate=self.pace)
        return net.encoder

    def fit_sizes(self, tasks: list[Task]) -> list[Encoder]:
        """An encoder for each task, which differ in `width` alone and have a share of the budget each."""
        return [self.fit(task) for task in tasks]


class VisualPretraining(Arena):
    title = "Unlabelled pictures"
    metrics = (
        Metric("linear", "Linear probe", unit="%", chance=10, ceiling=100,
               help="pictures named rightly by a ridge classifier on the encoder's features"),
        Metric("knn", "Nearest neighbours", unit="%", chance=10, ceiling=100,
               help="the same by the 20 nearest of the labelled pictures, weighted by cosine"),
        Metric("finetuned", "Fine-tuned", unit="%", chance=10, ceiling=100,
               help="the same after all weights are tuned on 100 labels"),
        Metric("coarse", "Groups", unit="%", chance=40, ceiling=100,
               help="tops, long clothes, shoes and bags told apart by a ridge classifier"),
    )
    settings = (
        Setting("default", "10,000 pictures of clothes", PLAIN),
        Setting("small-data", "500 pictures without labels", {**PLAIN, "seen": 0.05}),
        Setting("polluted", "two thirds are digits, drawings and noise", {**PLAIN, "polluted": True}),
        Setting("new-style", "asked about in a look never seen", {**PLAIN, "styled": True}),
        Setting("sizes", "three widths from one budget", {**PLAIN, "sized": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "unlabelled": 256, "probe": 200, "val": 100, "test": 200, "chosen": 20,
                                 "elsewhere": 40, "grid": 4, "width": 16, "widths": (16, 32), "blocks": 2, "hidden": 24,
                                 "projected": 8, "batch": 16, "pictures": 128, "rate": 2e-3, "decay": 0.05,
                                 "labels_each": 3, "tune_steps": 8, "tune_batch": 20, "tune_rate": 1e-2,
                                 "mean": 0.3, "sd": 0.37}),
        "full": Scale(60, 2048, {"small": False, "unlabelled": 10_000, "probe": 2000, "val": 5000, "test": 10_000,
                                 "chosen": 200, "elsewhere": 4000, "grid": 4, "width": 32, "widths": (16, 32, 48),
                                 "blocks": 2, "hidden": 96, "projected": 32, "batch": 32, "pictures": 9_600,
                                 "rate": 2e-3, "decay": 0.05, "labels_each": 10, "tune_steps": 30, "tune_batch": 50,
                                 "tune_rate": 1e-3, "mean": 0.286, "sd": 0.353}),
        "gpu": Scale(900, 8192, {"small": False, "unlabelled": 40_000, "probe": 2000, "val": 5000, "test": 20_000,
                                 "chosen": 200, "elsewhere": 4000, "grid": 7, "width": 192, "widths": (64, 128, 192),
                                 "blocks": 6, "hidden": 512, "projected": 64, "batch": 256, "pictures": 1_024_000,
                                 "rate": 1e-3, "decay": 0.05, "labels_each": 10, "tune_steps": 200, "tune_batch": 50,
                                 "tune_rate": 5e-4, "mean": 0.286, "sd": 0.353}),
    }
    slot = VisualPretrainingMethod
    baseline = "mae"
    sources = (datasets.FASHION_MNIST, datasets.MNIST, datasets.QUICKDRAW, datasets.DIGITS)
    checks = (answers_each_picture_alone, pays_for_its_pictures)

    def data(self, trial: Trial) -> PretrainingData:
        return pretraining_data(trial)

    def run(self, method: VisualPretrainingMethod, data: PretrainingData, trial: Trial) -> dict[str, float]:
        def task(width: int | None = None, share: float = 1.0) -> Task:
            return Task(data, trial, width=width, share=share, sees_tags=method.sees_tags,
                        sees_labels=method.sees_labels)

        widths = trial.options.widths
        encoders = method.fit_sizes([task(width, 1 / len(widths)) for width in widths]) if trial.options.sized else \
            [method.fit(task())]
        trial.count(parameters=sum(p.numel() for encoder in encoders for p in encoder.parameters()))
        scores = [probe(encoder, data, trial) for encoder in encoders]
        return {name: sum(each[name] for each in scores) / len(scores) for name in scores[0]}

    def shuffle_labels(self, data: PretrainingData, generator: torch.Generator) -> PretrainingData:
        """The probe's labels permuted, and the classes and words of the unlabelled pictures."""
        def order(part: Tensor) -> Tensor:
            return torch.randperm(len(part), generator=generator).to(part.device)
        return replace(data, y=data.y[order(data.y)], tags=data.tags[order(data.tags)],
                       probe_y=data.probe_y[order(data.probe_y)])
