"""What should a small network learn first, so that it can tell new kinds of drawings from a few of each?

A method trains a small convolutional network on drawings (Quick, Draw!, 14 x 14 dots) of 200 kinds, with their labels
or without. Then come episodes: 20 of 100 other kinds, five drawings of each, and 15 more of each to be named. A run is
200 episodes, 60,000 answers; which kinds are learnt and asked is drawn by the seed. Of 45 further kinds ten drawings
each are there to learn from, and episodes to choose constants on, in the look of the test.

Everybody has the same drawings, network, first weights and AdamW with warm-up and a cosine. The budget is counted in
drawings that pass through the network with gradients on. Methods that change the network for each episode, by gradients
on its few drawings, answer the first 12 episodes only, and so do those that they are compared with; these steps are
counted beside. Batch norms take the statistics of 2,000 base drawings before anything is asked, unless a method says
otherwise.

In `one-shot` there is one drawing of each kind. In `other-domain` the drawings of the episodes, and of the 45 kinds,
have thick dark strokes on light ground. In `open-set` they have as well; an episode has five kinds, and as many queries
are of five others of which no drawing is given: how unknown a query is, is scored besides naming the others.

The factor on the learning rate is chosen for each method alike: the best of 0.3, 1 and 3 by accuracy on validation
episodes of seed 100, which is never scored; other constants are the papers', or said to be ours.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from methods.arenas.few_shot_pretraining.stage._checks import answers_each_query_alone, learns_without_labels
from methods.arenas.few_shot_pretraining.stage._data import PretrainingData, pretraining_data
from methods.arenas.few_shot_pretraining.stage._scores import auroc
from methods.arenas.few_shot_pretraining.stage.task import Asked, Episodes, Task, squared_distances
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial

SAME = {"shots": 5, "look": "plain", "unknown": False, "fewer": 1}


class PretrainingMethod(Method):
    """The slot: most fill `step`. Methods that train declare `rate`, a factor on the arena's learning rate."""

    uses_labels = True               # of the drawings to learn from, and the validation episodes
    transductive = False             # uses the queries of an episode together
    adapts = False                   # changes the network for each episode, or is compared with those that do
    sees_many = False                # further drawings of the kinds asked: an upper bound, not a contestant

    def step(self, net: nn.Module, task: Task) -> Tensor:
        """Draw a batch and return its loss."""
        raise NotImplementedError

    def fit(self, task: Task) -> nn.Module:
        """The network whose features are asked."""
        net = task.encoder()
        task.train(net, lambda: self.step(net, task), counted=net, rate=getattr(self, "rate", 1.0))
        return net

    def settle(self, net: nn.Module, task: Task) -> None:
        """Fix the statistics of batch norms."""
        task.settle(net)

    def classify(self, asked: Asked, task: Task) -> Tensor:
        """Logits (E, Q, W) of the queries of some episodes."""
        return -squared_distances(task.unit(asked.query), task.unit(asked.support).mean(2))

    def surprise(self, asked: Asked, logits: Tensor, task: Task) -> Tensor:
        """How unknown each query is (E, Q); only its order counts."""
        return -logits.log_softmax(2).amax(2)


class FewShotPretraining(Arena):
    title = "What to learn before few drawings"
    metrics = (
        Metric("accuracy", "Accuracy", unit="%", chance=5, ceiling=100, chance_in={"open-set": 20},
               help="queries of given kinds named rightly"),
        Metric("unknown_auroc", "AUROC of the unknown", unit="%", chance=50, ceiling=100,
               help="queries of no given kind told from the others; 50 where there are none"),
    )
    settings = (
        Setting("default", "five drawings of each kind", SAME),
        Setting("one-shot", "one drawing of each kind", {**SAME, "shots": 1}),
        Setting("other-domain", "thick dark strokes on light ground", {**SAME, "look": "thick"}),
        Setting("open-set", "the same, five kinds, and queries of five unknown ones",
                {**SAME, "look": "thick", "unknown": True, "fewer": 4}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "ways": 3, "queries": 5, "episodes": 6, "validation": 4, "shown": 10,
                                 "more": 10, "adapted": 2, "chunk": 6, "width": 4, "features": 16, "batch": 40,
                                 "steps": 6, "rate": 1e-2, "decay": 1e-2}),
        "full": Scale(60, 2048, {"small": False, "ways": 20, "queries": 15, "episodes": 200, "validation": 20,
                                 "shown": 10, "more": 70, "adapted": 12, "chunk": 50, "width": 8, "features": 64,
                                 "batch": 64, "steps": 280, "rate": 1e-2, "decay": 1e-2}),
        "gpu": Scale(900, 8192, {"small": False, "ways": 20, "queries": 15, "episodes": 2000, "validation": 100,
                                 "shown": 10, "more": 70, "adapted": 48, "chunk": 50, "width": 64, "features": 256,
                                 "batch": 256, "steps": 6000, "rate": 3e-3, "decay": 1e-2}),
    }
    slot = PretrainingMethod
    baseline = "cosine-classifier"
    sources = (datasets.QUICKDRAW, datasets.DIGITS)
    checks = (answers_each_query_alone, learns_without_labels)

    def data(self, trial: Trial) -> PretrainingData:
        return pretraining_data(trial)

    def run(self, method: PretrainingMethod, data: PretrainingData, trial: Trial) -> dict[str, float]:
        task = Task((data.base_x, data.base_y), (data.other_x, data.other_y), (data.val_x, data.validation), trial,
                    labels=method.uses_labels)
        net = method.fit(task)
        method.settle(net, task)
        net.eval()
        z = task.embed(net, data.test_x)
        task.mean = task.embed(net, task.pictures[:2000]).mean(0)
        trial.count(parameters=sum(p.numel() for p in net.parameters()))
        right: list[Tensor] = []
        unknown: list[float] = []
        o, test, ways = trial.options, data.test, data.test.support.shape[1]
        test = test.part(0, o.adapted) if method.adapts else test
        for start in range(0, len(test), 1 if method.adapts else o.chunk):
            part = test.part(start, start + (1 if method.adapts else o.chunk))
            asked = _asked(z, data.test_x, part, method)
            logits = method.classify(asked, task)
            if logits.shape != (*part.y.shape, ways) or not torch.isfinite(logits).all():
                raise ValueError(f"{method.slug()}: finite logits of {ways} kinds are wanted")
            known = part.y >= 0
            right.append(((logits.argmax(2) == part.y) & known).double().sum(1) / known.sum(1))
            if not known.all():
                unknown += auroc(method.surprise(asked, logits, task), ~known)
            trial.record(start + len(part), len(test), accuracy=100 * right[-1].mean().item())
        return {"accuracy": 100 * torch.cat(right).mean().item(),
                "unknown_auroc": 100 * sum(unknown) / len(unknown) if unknown else 50.0}

    def shuffle_labels(self, data: PretrainingData, generator: torch.Generator) -> PretrainingData:
        """The kinds of the given drawings dealt anew in every episode, apart from the answers."""
        test = data.test
        order = torch.stack([torch.randperm(test.support.shape[1], generator=generator) for _ in range(len(test))])
        row, order = torch.arange(len(test))[:, None], order.to(test.y.device)
        return replace(data, test=replace(test, support=test.support[row, order], others=test.others[row, order]))


def _asked(z: Tensor, x: Tensor, part: Episodes, method: PretrainingMethod) -> Asked:
    drawn = (x[part.support], x[part.query]) if method.adapts else (None, None)
    return Asked(z[part.support], z[part.query], *drawn, z[part.others].mean(2) if method.sees_many else None)
