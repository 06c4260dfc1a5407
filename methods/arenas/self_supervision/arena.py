"""Which objective on two views of a picture makes features that a linear probe can use?

Handwritten digits (MNIST) are turned, scaled and shifted once and for all, so that pixels say little. A method sees
4,096 of them without labels and trains a small convolutional encoder, mostly by what two random views of a picture have
in common. What counts is the encoder's 128 features: a ridge classifier learns from 2,000 labelled pictures, its
strength one of three by 4,000 validation pictures, and 12,000 others are asked.

Everybody has the same pictures, views, encoder, projector, batch order and initial weights, and AdamW with warm-up and
a cosine; a method that brings an encoder of its own says so. The budget is counted in pictures that pass through the
encoder with gradients on, so a method with one view a picture makes more steps or larger ones; slowly moving copies,
queues and banks are free. Batch norms take the statistics of 2,000 unlabelled pictures before anything is asked.
Projectors and predictors train with the encoder and are thrown away.

The factor on the learning rate is chosen for each method alike: the best of 0.3, 1 and 3 by the linear probe on
validation pictures of seed 100, which is never scored; other constants are the papers', or said to be ours. In
`small-batch` a step has a quarter of the pictures, and there are four times as many steps; in `small-data` there are
1,000 pictures without labels; in `latent-classes` the second view is of another picture of the same digit.

Seen after the arena was set: SimCLR on views of two different pictures still ends five points above the untrained
encoder (two seeds), so a part of every lead is what training as such does to an encoder; and fixed wavelets with an
untrained layer reach what the encoder learns from all labels.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from methods.arenas.self_supervision.stage._checks import answers_each_picture_alone
from methods.arenas.self_supervision.stage._data import SelfSupervisionData, self_supervision_data
from methods.arenas.self_supervision.stage._probe import probe
from methods.arenas.self_supervision.stage.nets import Net
from methods.arenas.self_supervision.stage.task import Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.encoders import settle_norms

PLAIN = {"fewer": 1.0, "smaller": 1, "latent": False}


class SelfSupervisionMethod(Method):
    """The slot: most fill `loss` alone. Methods that train declare `rate`, a factor on the arena's learning rate."""

    sees_labels = False              # of the unlabelled pictures: an upper bound, not a contestant

    @property
    def pace(self) -> float:
        """The method's factor on the arena's learning rate."""
        return getattr(self, "rate", 1.0)

    def network(self, task: Task) -> Net:
        """A new network; what is kept of it in the end is `encoder`."""
        return task.network()

    def loss(self, z1: Tensor, z2: Tensor, task: Task) -> Tensor:
        """The scalar loss of what the projector says (B, D) of two views of a batch."""
        raise NotImplementedError

    def step(self, net: Net, task: Task) -> Tensor:
        """Draw a batch and return its loss."""
        return self.loss(*net(torch.cat(task.pair())).chunk(2), task)

    def after_step(self, net: Net, task: Task) -> None:
        """Called after each step of the optimiser."""

    def fit(self, task: Task) -> nn.Module:
        """The encoder whose features are asked."""
        net = self.network(task)
        task.train(net, lambda: self.step(net, task), lambda: self.after_step(net, task), counted=net.encoder,
                   rate=self.pace)
        return net.encoder


class SelfSupervision(Arena):
    title = "Two views without labels"
    metrics = (
        Metric("linear", "Linear probe", unit="%", chance=10, ceiling=100,
               help="pictures named rightly by a ridge classifier on the encoder's features"),
        Metric("knn", "Nearest neighbours", unit="%", chance=10, ceiling=100,
               help="the same by the 20 nearest of the labelled pictures, weighted by cosine"),
        Metric("mean_classifier", "Mean classifier", unit="%", chance=10, ceiling=100,
               help="the same by the largest product with the mean feature of a class"),
        Metric("alignment", "Alignment", "lower",
               help="squared distance of two views' features on the sphere; descriptive, zero for a constant"),
        Metric("uniformity", "Uniformity", "lower",
               help="log of the mean of exp(-2 squared distance) over pairs of pictures; descriptive"),
        Metric("tolerance", "Tolerance",
               help="mean cosine of the features of two pictures of one digit; descriptive, one for a constant"),
        Metric("rank", "Effective rank", help="exp of the entropy of the features' singular values; descriptive"),
    )
    settings = (
        Setting("default", "two views of a picture, 4,096 pictures", PLAIN),
        Setting("small-batch", "a quarter of the pictures a step, four times the steps", {**PLAIN, "smaller": 4}),
        Setting("small-data", "1,000 pictures without labels", {**PLAIN, "fewer": 1000 / 4096}),
        Setting("latent-classes", "the second view is of another picture of the same digit", {**PLAIN, "latent": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "side": 8, "unlabelled": 256, "probe": 300, "val": 100, "test": 300,
                                 "width": 4, "features": 16, "hidden": 24, "projected": 8, "batch": 32, "steps": 8,
                                 "rate": 5e-3, "decay": 1e-4, "nuisance": 0.7}),
        "full": Scale(120, 2048, {"small": False, "side": 20, "unlabelled": 4096, "probe": 2000, "val": 4000,
                                  "test": 12_000, "width": 8, "features": 128, "hidden": 128, "projected": 64,
                                  "batch": 64, "steps": 160, "rate": 5e-3, "decay": 1e-4, "nuisance": 0.7}),
        "gpu": Scale(900, 8192, {"small": False, "side": 28, "unlabelled": 40_000, "probe": 2000, "val": 4000,
                                 "test": 20_000, "width": 64, "features": 512, "hidden": 1024, "projected": 128,
                                 "batch": 512, "steps": 4000, "rate": 5e-3, "decay": 1e-4, "nuisance": 0.7}),
    }
    slot = SelfSupervisionMethod
    baseline = "simclr"
    sources = (datasets.MNIST, datasets.DIGITS)
    checks = (answers_each_picture_alone,)

    def data(self, trial: Trial) -> SelfSupervisionData:
        return self_supervision_data(trial)

    def run(self, method: SelfSupervisionMethod, data: SelfSupervisionData, trial: Trial) -> dict[str, float]:
        task = Task(data, trial, sees_labels=method.sees_labels)
        encoder = method.fit(task)
        settle_norms(encoder, data.x)
        trial.count(parameters=task.trained, kept=sum(p.numel() for p in encoder.parameters()))
        return probe(encoder, data, trial)

    def shuffle_labels(self, data: SelfSupervisionData, generator: torch.Generator) -> SelfSupervisionData:
        """The probe's labels permuted, and those of the unlabelled pictures, which pair pictures and teach upper
        bounds."""
        def order(part: Tensor) -> Tensor:
            return torch.randperm(len(part), generator=generator).to(part.device)
        return replace(data, y=data.y[order(data.y)], probe_y=data.probe_y[order(data.probe_y)])
