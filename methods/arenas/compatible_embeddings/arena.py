"""Can a new model search a gallery that an old model has embedded?

A small network embeds drawings (Quick, Draw!) in 255 numbers. A drawing is 96 features of a network trained on ImageNet
(EfficientNet-Lite0, whitened principal parts). It is trained four times, on drawings of 50, 100, 150 and 200 kinds,
with more kinds each time; all four models then embed drawings of 100 other kinds, 25 of each. For every pair of models
the newer embeds the query and the older the gallery, in which each drawing looks for the 24 others of its kind by
cosine. What counts is MAP@R, the mean over the six pairs.

Everybody has the same drawings, networks (three layers), batches, noise on features, and 200 steps of AdamW an upgrade
at one rate for all, which no method has tuned. In `replaced-backbone` the network is twice as wide from the third
upgrade on. Methods that go on from the last model's weights have by then had more steps than those that learn anew:
compare within the two groups. Without ties a newer model cannot read an older one's gallery; the bound goes on as well
and embeds the gallery anew with each model.

A first version learnt from pixels, where new models found nearly nothing in an old gallery; features of a trained
network replaced them before anything was measured, after a look at all methods on seeds 100 and 101.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from methods.arenas.compatible_embeddings.stage._data import UpgradeData, upgrade_data
from methods.arenas.compatible_embeddings.stage.task import Task, across, embedded
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.drawings import Kinds
from methods.kit.stage.sources import EFFICIENTNET_LITE0


class CompatibleMethod(Method):
    """The slot: most fill `classifier` or `loss`. Called at every upgrade, with the previous model in the task."""

    reindexes = False                # the gallery is embedded anew: an upper bound, not a contestant

    def network(self, task: Task) -> nn.Module:
        """A new network (N, 1, H, W) -> (N, D)."""
        return task.network()

    def classifier(self, task: Task) -> nn.Module:
        """What makes logits (B, K) of embeddings (B, D), K at least the number of kinds."""
        return nn.Linear(task.features, task.kinds)

    def loss(self, z: Tensor, logits: Tensor, x: Tensor, y: Tensor, task: Task) -> Tensor:
        """The scalar loss of embeddings (B, D), not normalised, and their logits."""
        return nn.functional.cross_entropy(logits, y)

    def finish(self, net: nn.Module, task: Task) -> nn.Module:
        """The network that embeds, after training."""
        return net


class CompatibleEmbeddings(Arena):
    title = "New model, old gallery"
    metrics = (
        Metric("cross_map", "MAP@R across models", unit="%", chance=None, ceiling=100,
               help="a newer model's query in an older model's gallery, mean over the six pairs"),
        Metric("average_compatibility", "Compatible pairs", unit="%", chance=None, ceiling=100,
               help="pairs in which the newer query finds more in the old gallery than the old query does"),
        Metric("own_map", "MAP@R within models", unit="%", chance=None, ceiling=100,
               help="query and gallery of one model, mean over the four"),
    )
    settings = (
        Setting("default", "four upgrades, one network", {"sizes": "same"}),
        Setting("replaced-backbone", "the network is twice as wide from the third upgrade on",
                {"sizes": "wider"}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "kinds": (12, 8), "each": (12, 6), "upgrades": (3, 6, 9, 12),
                                 "features": 15, "noise": 0.5, "batch": 16, "steps": 3, "rate": 3e-3, "decay": 1e-2,
                                 "same": (8, 8, 8, 8), "wider": (8, 8, 16, 16)}),
        "full": Scale(60, 2048, {"small": False, "kinds": (200, 100), "each": (100, 25),
                                 "upgrades": (50, 100, 150, 200), "features": 255, "noise": 0.5, "batch": 256,
                                 "steps": 200, "rate": 3e-3, "decay": 1e-2,
                                 "same": (256, 256, 256, 256), "wider": (256, 256, 512, 512)}),
        "gpu": Scale(600, 8192, {"small": False, "kinds": (200, 100), "each": (100, 100),
                                 "upgrades": (50, 100, 150, 200), "features": 255, "noise": 0.5, "batch": 2048,
                                 "steps": 2000, "rate": 1e-3, "decay": 1e-2,
                                 "same": (2048, 2048, 2048, 2048), "wider": (2048, 2048, 4096, 4096)}),
    }
    slot = CompatibleMethod
    baseline = "independent"
    sources = (datasets.QUICKDRAW, EFFICIENTNET_LITE0, datasets.DIGITS)

    def data(self, trial: Trial) -> UpgradeData:
        return upgrade_data(trial)

    def run(self, method: CompatibleMethod, data: UpgradeData, trial: Trial) -> dict[str, float]:
        seen, old = [], None
        for upgrade in range(len(trial.options.upgrades)):
            old = self._upgraded(method, Task(data.train, trial, upgrade, old))
            seen.append(embedded(old[0], data.test.x))
            if not torch.isfinite(seen[-1]).all():
                raise ValueError(f"{method.slug()}: finite embeddings are wanted")
        own = [across(z, z, data.test.y) for z in seen]
        pairs = [(new, before) for new in range(len(seen)) for before in range(new)]
        cross = [own[new] if method.reindexes else across(seen[new], seen[before], data.test.y)
                 for new, before in pairs]
        better = [found > own[before] for found, (_, before) in zip(cross, pairs, strict=True)]
        return {"cross_map": sum(cross) / len(cross), "own_map": sum(own) / len(own),
                "average_compatibility": 100 * sum(better) / len(better)}

    def _upgraded(self, method: CompatibleMethod, task: Task) -> tuple[nn.Module, nn.Module]:
        net, classifier = method.network(task), method.classifier(task).to(task.train.x.device)

        def step() -> Tensor:
            x, y = task.batch()
            z = net(x)
            return method.loss(z, classifier(z), x, y, task)

        task.fit(nn.ModuleList([net, classifier]), step)
        net = method.finish(net, task)
        return net.eval().requires_grad_(False), classifier.eval().requires_grad_(False)

    def shuffle_labels(self, data: UpgradeData, generator: torch.Generator) -> UpgradeData:
        order = torch.randperm(len(data.train), generator=generator).to(data.train.y.device)
        return replace(data, train=Kinds(data.train.x, data.train.y[order]))
