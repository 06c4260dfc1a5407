"""What can be learnt about single things when only bags of them have labels?

A bag holds 20 handwritten digits (MNIST), each as 128 features of a small network that has learnt to name doodles
(Quick, Draw!). A bag is positive if a digit of the wanted kind, drawn for every seed, is among them: one of 20. From
300 bags, half of them positive, a method learns to score bags and every digit in them, and is asked about 2,000 bags of
other digits. In `low-witness` a bag holds 60 digits and a positive one three of the wanted kind: as small a share, in
larger bags. In `other-site` the bags asked about come from elsewhere and are blurred.

Features are fixed and the same for everybody, standardised by the training bags. Everybody trains with AdamW on batches
of 30 bags for 400 steps, from three starts, of which the one with the lowest training loss counts: a bad start finds no
witness and stays there. A method that brings another way of training says so. No strength of any method was chosen on
validation bags: they are the papers' or ours, and each file says which. So a method below another may be below it for
that.
"""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.multiple_instance.stage._checks import answers_each_bag_alone, sees_sets
from methods.arenas.multiple_instance.stage._data import BagData, bag_data
from methods.arenas.multiple_instance.stage.task import Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.scores import auroc


class MultipleInstanceMethod(Method):
    """The slot: `model` is all that most fill. A model takes bags (B, K, D) and returns (B,) scores of bags and (B, K)
    of instances, the higher the likelier positive."""

    sees_instances = False           # the labels of instances: an upper bound, not a contestant

    def model(self, task: Task) -> nn.Module:
        """A new model, its weights drawn anew."""
        raise NotImplementedError

    def loss(self, model: nn.Module, bags: Tensor, labels: Tensor, task: Task) -> Tensor:
        """The scalar loss of a batch of bags."""
        return F.binary_cross_entropy_with_logits(model(bags)[0], labels.float())

    def after_step(self, model: nn.Module, task: Task) -> None:
        """Called after each step of the optimiser."""

    def fit(self, task: Task) -> nn.Module:
        """The model to ask."""
        return task.train(lambda: self.model(task), lambda model, bags, labels: self.loss(model, bags, labels, task),
                          lambda model: self.after_step(model, task))


class MultipleInstance(Arena):
    title = "Labels on bags"
    metrics = (
        Metric("bag_auroc", "AUROC of bags", unit="%", chance=50, ceiling=100,
               help="a positive bag scores higher than a negative one"),
        Metric("instance_auroc", "AUROC of instances", unit="%", chance=50, ceiling=100,
               help="a digit of the wanted kind scores higher than another, over all bags asked about"),
        Metric("witness_first", "Witness first", unit="%", chance=5, ceiling=100, chance_in={"low-witness": 5},
               help="positive bags whose highest instance is of the wanted kind"),
    )
    settings = (
        Setting("default", "1 witness among 20", {"size": 20, "witnesses": 1, "test_look": "plain"}),
        Setting("low-witness", "3 witnesses among 60", {"size": 60, "witnesses": 3, "test_look": "plain"}),
        Setting("other-site", "asked about blurred digits",
                {"size": 20, "witnesses": 1, "test_look": "blurred"}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "bags": 30, "tests": 40, "batch": 10, "steps": 10, "starts": 2,
                                 "rate": 5e-3, "decay": 0.01, "hidden": 16}),
        "full": Scale(60, 2048, {"small": False, "bags": 300, "tests": 2000, "batch": 30, "steps": 400, "starts": 3,
                                 "rate": 1e-3, "decay": 0.01, "hidden": 64}),
    }
    slot = MultipleInstanceMethod
    baseline = "abmil"
    sources = (datasets.MNIST, datasets.QUICKDRAW, datasets.DIGITS)
    checks = (answers_each_bag_alone, sees_sets)

    def data(self, trial: Trial) -> BagData:
        return bag_data(trial)

    def run(self, method: MultipleInstanceMethod, data: BagData, trial: Trial) -> dict[str, float]:
        train, test = data.train, data.test
        task = Task(train.x, train.y, train.instances if method.sees_instances else None, trial)
        model = method.fit(task)
        model.eval()
        with torch.no_grad():
            said = [model(part) for part in test.x.split(200)]
        bags, instances = (torch.cat([part[i] for part in said]) for i in (0, 1))
        if bags.shape != test.y.shape or instances.shape != test.instances.shape:
            raise ValueError(f"{method.slug()}: one score a bag and one an instance are wanted")
        if not (torch.isfinite(bags).all() and torch.isfinite(instances).all()):
            raise ValueError(f"{method.slug()}: scores must be finite")
        trial.count(parameters=sum(p.numel() for p in model.parameters()))
        positive = test.y == 1
        first = test.instances[positive].gather(1, instances[positive].argmax(1, keepdim=True))
        return {"bag_auroc": auroc(bags, test.y), "instance_auroc": auroc(instances, test.instances),
                "witness_first": 100 * first.double().mean().item()}

    def shuffle_labels(self, data: BagData, generator: torch.Generator) -> BagData:
        order = torch.randperm(len(data.train.y), generator=generator)
        return replace(data, train=replace(data.train, y=data.train.y[order], instances=data.train.instances[order]))
