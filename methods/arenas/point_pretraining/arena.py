"""What should a transformer learn from unlabelled clouds of points?

Handwritten digits (MNIST) become clouds: 64 places drawn by where the ink is, centred, turned by up to 20 degrees and
put into the unit circle. A cloud is cut into 16 groups of eight neighbours; a group is a token, and the transformer
sees tokens and the places of their centres. A method sees 4,000 clouds without labels. What counts is what a ridge
classifier can do with the features (the mean of the tokens and their largest values), learning from 2,000 labelled
clouds and asked about 5,000 others. Flat clouds stand in for those of solid things.

Everybody has the same clouds, batch order, turns and scales, transformer and initial weights, and AdamW with warm-up
and a cosine. The budget is counted in clouds that pass through the encoder with gradients on, each mask counting once.
Decoders train with the encoder and are thrown away. The learning rate is the arena's for every method; other constants
are the papers', or said to be ours.

Seen when the arena was set (seed 100): drawing hidden points alone does not make features that a ridge classifier can
use better than an untrained network's, at any of three rates; contrast does.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.point_pretraining.stage._data import PointData, point_data
from methods.arenas.point_pretraining.stage._probe import probe
from methods.arenas.point_pretraining.stage.clouds import Clouds, Encoder
from methods.arenas.point_pretraining.stage.task import Parts, Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial


class PointPretrainingMethod(Method):
    """The slot: most fill `network` and `loss`. Methods that train declare `rate`, a factor on the arena's rate."""

    sees_labels = False              # of the unlabelled clouds: an upper bound, not a contestant

    def network(self, task: Task) -> Parts:
        """A new encoder, and what trains with it."""
        return task.parts(task.encoder())

    def loss(self, net: Parts, clouds: Clouds, task: Task) -> Tensor:
        """The scalar loss of a batch."""
        raise NotImplementedError

    def fit(self, task: Task) -> Encoder:
        """The encoder whose features are asked."""
        net = self.network(task)
        task.train(net, lambda: self.loss(net, task.draw(), task), getattr(self, "rate", 1.0))
        return net.encoder


class PointPretraining(Arena):
    title = "Unlabelled clouds of points"
    metrics = (
        Metric("linear", "Linear probe", unit="%", chance=10, ceiling=100,
               help="clouds named rightly by a ridge classifier on the encoder's features"),
        Metric("few_labels", "Few labels", unit="%", chance=10, ceiling=100,
               help="the same with ten labels a class, mean of five draws"),
        Metric("knn", "Nearest neighbours", unit="%", chance=10, ceiling=100,
               help="the same by the 20 nearest of the labelled clouds, weighted by cosine"),
    )
    settings = (
        Setting("default", "4,000 clouds without labels", {"seen": 1.0}),
        Setting("small-data", "400 clouds without labels", {"seen": 0.1}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "unlabelled": 200, "probe": 200, "val": 100, "test": 200, "points": 32,
                                 "groups": 8, "size": 4, "width": 12, "blocks": 1, "batch": 16, "budget": 96,
                                 "rate": 3e-3, "decay": 0.05}),
        "full": Scale(60, 2048, {"small": False, "unlabelled": 4000, "probe": 2000, "val": 2000, "test": 5000,
                                 "points": 64, "groups": 16, "size": 8, "width": 36, "blocks": 2, "batch": 32,
                                 "budget": 12_800, "rate": 5e-3, "decay": 0.05}),
        "gpu": Scale(900, 8192, {"small": False, "unlabelled": 45_000, "probe": 2000, "val": 3000, "test": 20_000,
                                 "points": 128, "groups": 32, "size": 8, "width": 192, "blocks": 6, "batch": 128,
                                 "budget": 768_000, "rate": 1e-3, "decay": 0.05}),
    }
    slot = PointPretrainingMethod
    baseline = "point-mae"
    sources = (datasets.MNIST, datasets.DIGITS)

    def data(self, trial: Trial) -> PointData:
        return point_data(trial)

    def run(self, method: PointPretrainingMethod, data: PointData, trial: Trial) -> dict[str, float]:
        seen = round(trial.options.seen * len(data.x))
        task = Task(data.x[:seen], data.y[:seen] if method.sees_labels else None, trial)
        encoder = method.fit(task)
        trial.count(parameters=sum(p.numel() for p in encoder.parameters()))
        return probe(encoder, data, trial)

    def shuffle_labels(self, data: PointData, generator: torch.Generator) -> PointData:
        """The probe's labels permuted, and the digits of the unlabelled clouds."""
        def order(part: Tensor) -> Tensor:
            return torch.randperm(len(part), generator=generator).to(part.device)
        return replace(data, y=data.y[order(data.y)], probe_y=data.probe_y[order(data.probe_y)])
