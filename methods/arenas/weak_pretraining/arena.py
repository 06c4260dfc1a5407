"""What should an encoder learn when its labels are weak?

20,000 doodles of 200 kinds (Quick, Draw!, 14 x 14 dots) have one to three tags each out of 200 names. A quarter lacks
its own name; other tags name one of the ten kinds that look most alike, popular names more often. A convolutional
encoder learns from them for 300 steps of 64 drawings, turned and shifted a little, with AdamW at one rate (warm-up,
then a cosine). Of ten drawings a kind everybody may read the true name. Then its 64 features must tell apart drawings
of 100 unseen kinds: 5,000 of them look for others of their kind among each other, and a ridge classifier, fitted on
5,000 more, names them.

In `noisy-tags` half of the drawings lack their own name. In `coarse-labels` all labels are right but name only one of
20 groups of kinds that look alike.

Strengths of losses are the papers' or ours, as each file says; none was chosen by scores. The arena's rate was: at a
third of it training on true labels was not the best. So was the first metric: on one seed of larger batches a weak
method's probe was above that of true labels, its MAP@R was not.
"""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.weak_pretraining.stage._data import WeakData, weak_data
from methods.arenas.weak_pretraining.stage.task import FEATURES, Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.augmentations import view
from methods.kit.stage.drawings import retrieval
from methods.kit.stage.encoders import settle_norms, strided_encoder
from methods.kit.training import count_parameters


class WeakPretrainingMethod(Method):
    """The slot: `loss` is all that most fill; `pretrain` is everything."""

    sees_truth = False               # reads the kinds of all pictures: an upper bound, not a contestant

    def head(self, task: Task) -> nn.Module:
        """What is trained above the features and left behind; by default a layer with a row for each tag."""
        return task.layer(task.tags.shape[1])

    def weights(self, task: Task) -> Tensor | None:
        """(N,) how often each picture is drawn; None for alike."""
        return None

    def loss(self, net: nn.Module, head: nn.Module, x: Tensor, rows: Tensor, task: Task) -> Tensor:
        """The scalar loss of a batch of pictures (B, 1, H, W) and their rows (B,)."""
        raise NotImplementedError

    def pretrain(self, task: Task) -> nn.Module:
        """The encoder, trained."""
        return task.train(task.encoder(), self.head(task),
                          lambda net, head, x, rows: self.loss(net, head, x, rows, task), weights=self.weights(task))


class WeakPretraining(Arena):
    title = "Pretraining on weak labels"
    metrics = (
        Metric("map_r", "MAP@R", unit="%", chance=0.1, ceiling=100,
               help="of the nearest drawings, as many as there are of the kind asked for: mean average precision"),
        Metric("probe", "Probe", unit="%", chance=1, ceiling=100,
               help="drawings of unseen kinds named rightly by a ridge classifier on the features"),
        Metric("r1", "Nearest alike", unit="%", chance=1, ceiling=100, help="nearest drawing is of the same kind"),
    )
    settings = (
        Setting("default", "a quarter lacks its own tag", {"wrong": 0.25, "groups": 0}),
        Setting("noisy-tags", "half lack their own tag", {"wrong": 0.5, "groups": 0}),
        Setting("coarse-labels", "20 groups of kinds that look alike", {"wrong": 0.0, "groups": 20}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "kinds": 12, "validation": 2, "tests": 10, "each": 12, "clean": 3,
                                 "steps": 8, "batch": 16, "width": 4, "rate": 1e-2, "decay": 0.01,
                                 "clusters": 8, "queue": 64}),
        "full": Scale(60, 2048, {"small": False, "kinds": 200, "validation": 45, "tests": 100, "each": 100, "clean": 10,
                                 "steps": 300, "batch": 64, "width": 8, "rate": 1e-2, "decay": 0.01, "clusters": 256,
                                 "queue": 2048}),
        "gpu": Scale(600, 8192, {"small": False, "kinds": 200, "validation": 45, "tests": 100, "each": 100, "clean": 10,
                                 "steps": 4000, "batch": 384, "width": 64, "rate": 3e-3, "decay": 0.01,
                                 "clusters": 256, "queue": 8192}),
    }
    slot = WeakPretrainingMethod
    baseline = "tag-softmax"
    sources = (datasets.QUICKDRAW,)

    def data(self, trial: Trial) -> WeakData:
        return weak_data(trial)

    def run(self, method: WeakPretrainingMethod, data: WeakData, trial: Trial) -> dict[str, float]:
        o = trial.options
        task = Task(data, data.truth if method.sees_truth else None,
                    lambda: strided_encoder(data.x.shape[-1], o.width, FEATURES), view, trial)
        net = method.pretrain(task)
        settle_norms(net, data.x[torch.randperm(len(data.x), generator=trial.generator("settle"))[:2000]])
        trial.count(parameters=count_parameters(net))
        with torch.no_grad():
            fit, test = (torch.cat([net(part) for part in x.split(2000)]) for x in (data.fit_x, data.test_x))
        said = ridge(fit, data.fit_y, test)
        map_r, r1 = retrieval(test, data.test_y)
        return {"probe": 100 * (said == data.test_y).double().mean().item(), "map_r": map_r, "r1": r1}

    def shuffle_labels(self, data: WeakData, generator: torch.Generator) -> WeakData:
        """Tags and kinds are dealt to other pictures, and so are the kinds that are asked for: whatever the features,
        they can find drawings that look alike."""
        order = torch.randperm(len(data.x), generator=generator)
        fit, test = (torch.randperm(len(y), generator=generator) for y in (data.fit_y, data.test_y))
        return replace(data, tags=data.tags[order], first=data.first[order], truth=data.truth[order],
                       fit_y=data.fit_y[fit], test_y=data.test_y[test])


def ridge(x: Tensor, y: Tensor, asked: Tensor, strength: float = 0.01) -> Tensor:
    """Kinds of `asked` rows by least squares on standardised features, its ridge a share of the mean variance."""
    mean, sd = x.mean(0), x.std(0) + 1e-6
    x, asked = ((each - mean) / sd for each in (x.double(), asked.double()))
    wanted = F.one_hot(y).double()
    weights = torch.linalg.solve(x.T @ x + strength * len(x) * torch.eye(x.shape[1], device=x.device).double(),
                                 x.T @ (wanted - wanted.mean(0)))
    return (asked @ weights + wanted.mean(0)).argmax(1)
