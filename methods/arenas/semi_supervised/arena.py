"""What do many pictures without labels add to a few with labels?

Handwritten digits (MNIST): four of each have labels, drawn anew for every seed, 8,000 others have none, and 12,000 more
are asked. Everybody trains the same small convolutional network on batches of 24 pictures with labels and 72 without,
each of these in a weak view (turned and shifted a little) and a strong one (more of it, and a block left out). In
`one-label` there is one label of each digit. In `other-style` there are twenty of each, upright, while pictures without
labels and those asked are turned and shrunk.

Pictures, batches, views and initial weights are the same for all, and so is AdamW with warm-up and a cosine. The budget
is counted in pictures that pass with gradients on, and a step costs at least one whole batch, so a method that looks
ahead makes fewer steps; in `other-style-steps` all make as many steps instead. Batch norms take the statistics of 2,000
pictures without labels before anything is asked. The factor on the learning rate is chosen for each method alike: the
best of 0.3, 1 and 3 by accuracy on validation pictures of seed 100, which is never scored; other constants are the
papers', or said to be ours.
"""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.semi_supervised.stage._checks import answers_each_picture_alone
from methods.arenas.semi_supervised.stage._data import SemiSupervisedData, semi_supervised_data
from methods.arenas.semi_supervised.stage.nets import Net
from methods.arenas.semi_supervised.stage.task import Batch, Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.encoders import settle_norms

PLAIN = {"labels": 4, "style": False, "equal_steps": False}
SURE = 0.95        # probability from which an answer counts as sure


class SemiSupervisedMethod(Method):
    """The slot: most fill `loss` alone. A method declares `rate`, a factor on the arena's learning rate."""

    sees_labels = False              # of all pictures: an upper bound, not a contestant
    pace = property(lambda self: getattr(self, "rate", 1.0))

    def network(self, task: Task) -> Net:
        """A new network; `encoder` is what counts pictures."""
        return task.network()

    def loss(self, net: Net, batch: Batch, task: Task) -> Tensor:
        """The scalar loss of a batch."""
        raise NotImplementedError

    def step(self, net: Net, task: Task) -> Tensor:
        """Draw a batch and return its loss."""
        return self.loss(net, task.draw(), task)

    def after_step(self, net: Net, task: Task) -> None:
        """Called after each step of the optimiser."""

    def finish(self, net: Net, task: Task) -> nn.Module:
        """What is asked: pictures (N, 1, H, W) -> logits (N, 10)."""
        return net

    def fit(self, task: Task) -> nn.Module:
        """The network to ask."""
        net = self.network(task)
        task.train(net, lambda: self.step(net, task), lambda: self.after_step(net, task), counted=net.encoder,
                   rate=self.pace)
        return self.finish(net, task)


class SemiSupervised(Arena):
    title = "Few labels"
    metrics = (
        Metric("accuracy", "Accuracy", unit="%", chance=10, ceiling=100, help="pictures named rightly"),
        Metric("nll", "Surprise", "lower", "nats", chance=2.303, ceiling=0, help="mean of minus log probability"),
        Metric("sure", "Sure of", unit="%", ceiling=100,
               help="pictures without labels that the network names with a probability of 0.95; descriptive"),
        Metric("sure_accuracy", "Accuracy where sure", unit="%", chance=10, ceiling=100,
               help="how many of these are right; 10 where it is sure of none"),
    )
    settings = (
        Setting("default", "4 labels of each digit", PLAIN),
        Setting("one-label", "1 label of each digit", {**PLAIN, "labels": 1}),
        Setting("other-style", "20 upright labels of each digit, all others turned",
                {**PLAIN, "labels": 20, "style": True}),
        Setting("other-style-steps", "the same, with as many steps for all",
                {**PLAIN, "labels": 20, "style": True, "equal_steps": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "free": 300, "val": 100, "test": 400, "width": 4, "features": 16,
                                 "batch": 20, "free_batch": 30, "steps": 40, "rate": 1e-2, "decay": 1e-4}),
        "full": Scale(120, 2048, {"small": False, "free": 8000, "val": 4000, "test": 12_000, "width": 8,
                                  "features": 64, "batch": 24, "free_batch": 72, "steps": 200, "rate": 5e-3,
                                  "decay": 1e-4}),
        "gpu": Scale(900, 8192, {"small": False, "free": 40_000, "val": 4000, "test": 20_000, "width": 64,
                                 "features": 512, "batch": 64, "free_batch": 448, "steps": 8000, "rate": 2e-3,
                                 "decay": 1e-4}),
    }
    slot = SemiSupervisedMethod
    baseline = "labels-only"
    sources = (datasets.MNIST, datasets.DIGITS)
    checks = (answers_each_picture_alone,)

    def data(self, trial: Trial) -> SemiSupervisedData:
        return semi_supervised_data(trial)

    def run(self, method: SemiSupervisedMethod, data: SemiSupervisedData, trial: Trial) -> dict[str, float]:
        task = Task(data, trial, sees_labels=method.sees_labels)
        net = method.fit(task)
        settle_norms(net, data.free_x)
        trial.count(parameters=task.trained)
        with torch.no_grad():
            said, free = (torch.cat([net(part) for part in x.split(2000)]) for x in (data.test_x, data.free_x[:4000]))
        if not torch.isfinite(said).all():
            raise ValueError(f"{method.slug()}: answers must be finite")
        top, named = free.softmax(1).max(1)
        sure = top >= SURE
        right = (named == data.free_y[:4000]).double()
        return {"accuracy": 100 * (said.argmax(1) == data.test_y).double().mean().item(),
                "nll": F.cross_entropy(said, data.test_y).item(), "sure": 100 * sure.double().mean().item(),
                "sure_accuracy": 100 * right[sure].mean().item() if sure.any() else 10.0}

    def shuffle_labels(self, data: SemiSupervisedData, generator: torch.Generator) -> SemiSupervisedData:
        """Labels permuted, those of the upper bound too; those that score the pictures without labels with them."""
        def order(part: Tensor) -> Tensor:
            return torch.randperm(len(part), generator=generator).to(part.device)
        return replace(data, y=data.y[order(data.y)], free_y=data.free_y[order(data.free_y)])
