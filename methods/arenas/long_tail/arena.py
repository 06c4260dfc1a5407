"""Learning from classes of very unequal frequency: who serves the rare classes without losing the common ones?

Ten kinds of clothing (Fashion-MNIST) are thinned to an exponential profile: 500 pictures of the most frequent
class, 5 of the rarest, with the classes dealt to the places of the profile anew for every seed. A small
convolutional network is trained on that and tested on equally many unseen pictures of every class, so that the
primary score, balanced accuracy, weighs all classes alike. The four most frequent classes are the head, the next
three medium, the three rarest the tail.

Everybody gets the same pictures, network, initial weights, random shifts and flips, optimiser (SGD with Nesterov
momentum, cosine schedule, gradients clipped at length 5) and the same budget of gradient evaluations. The arena
counts every picture passed through the network with gradients on, so a method that looks twice at a batch makes
half as many steps. A step costs at least one batch even when it trains only the classifier.

A method may read the training set, its class counts and a small balanced validation set on which it must not
train. Every test picture is answered on its own, without a look at the others. Under `noisy-labels` a share of
the training labels is wrong, drawn in proportion to the class frequencies; under `partial-labels` each training
picture carries a set of candidate labels, the likeliest confusions of a weak model, and `y` is one of them at
random.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.long_tail.stage._checks import answers_each_picture_alone, pays_for_its_gradients
from methods.arenas.long_tail.stage._data import LongTailData, add_candidates, add_noise
from methods.arenas.long_tail.stage._scores import evaluate
from methods.arenas.long_tail.stage.nets import Net
from methods.arenas.long_tail.stage.task import Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.training import count_parameters, logits_of

LONGEST = 5.0    # gradients longer than this are shortened, so that steep losses cannot blow up a run


class LongTailMethod(Method):
    """The slot. Plain training with cross-entropy is what remains when no hook is filled."""

    def prepare(self, net: Net, task: Task) -> None:
        """Called once before training: set run-time state, replace net.classifier, begin a first stage."""

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        """Scalar loss of a batch: logits (B, C), y (B,)."""
        return F.cross_entropy(logits, y)

    def step(self, net: Net, task: Task) -> Tensor:
        """Draw a batch, leave gradients on the parameters, return the loss. The arena's optimiser then moves."""
        batch = task.draw()
        loss = self.loss(net(batch.x), batch.y)
        loss.backward()
        return loss

    def finish(self, net: Net, task: Task) -> None:
        """Called once after training: change the network without further gradients."""


class LongTail(Arena):
    title = "Long-tailed classification"
    metrics = (
        Metric("balanced_accuracy", "Balanced accuracy", unit="%", chance=10, ceiling=100,
               help="mean over the ten classes of the share of their test pictures named rightly"),
        Metric("head_accuracy", "Head accuracy", unit="%", chance=10, ceiling=100, help="the four most frequent"),
        Metric("medium_accuracy", "Medium accuracy", unit="%", chance=10, ceiling=100, help="the three in between"),
        Metric("tail_accuracy", "Tail accuracy", unit="%", chance=10, ceiling=100, help="the three rarest"),
        Metric("worst_recall", "Worst-class recall", unit="%", ceiling=100, help="accuracy on the class served worst"),
        Metric("calibration_error", "Calibration error", better="lower", unit="%", ceiling=0,
               help="expected gap between confidence and accuracy on the balanced test set, 15 bins"),
    )
    settings = (
        Setting("default", "100 times more pictures of the first class than of the last",
                {"imbalance": 100, "noise": 0.0, "ambiguity": 0.0}),
        Setting("mild", "10 times more", {"imbalance": 10, "noise": 0.0, "ambiguity": 0.0}),
        Setting("noisy-labels", "10 times more, and 40 % of the training labels wrong",
                {"imbalance": 10, "noise": 0.4, "ambiguity": 0.0}),
        Setting("partial-labels", "10 times more, and every training picture has a set of candidate labels",
                {"imbalance": 10, "noise": 0.0, "ambiguity": 0.7}),
    )
    scales = {
        "smoke": Scale(10, 1024, {"source": "digits", "most": 100, "val": 10, "test": 40, "width": 8, "features": 32,
                                  "batch": 32, "steps": 40, "rate": 0.2, "shift": 1, "flip": False}),
        "full": Scale(60, 2048, {"source": "fashion", "most": 500, "val": 50, "test": 500, "width": 16,
                                 "features": 64, "batch": 64, "steps": 1200, "rate": 0.05, "shift": 2, "flip": True}),
        "gpu": Scale(600, 8192, {"source": "fashion", "most": 5000, "val": 500, "test": 1000, "width": 64,
                                 "features": 256, "batch": 256, "steps": 8000, "rate": 0.05, "shift": 2,
                                 "flip": True}),
    }
    slot = LongTailMethod
    sources = (datasets.FASHION_MNIST, datasets.DIGITS)
    baseline = "cross-entropy"
    checks = (pays_for_its_gradients, answers_each_picture_alone)

    def data(self, trial: Trial) -> LongTailData:
        options = trial.options
        images, labels = datasets.fashion_mnist(trial.progress) if options.source == "fashion" else datasets.digits()
        labels = np.asarray(labels)
        classes = int(labels.max()) + 1
        rng = trial.numpy("split")
        order = rng.permutation(classes)
        kept = {"train": [], "val": [], "test": []}
        for place, c in enumerate(order):
            rows = rng.permutation(np.flatnonzero(labels == c))
            many = max(2, round(options.most * options.imbalance ** (-place / (classes - 1))))
            kept["test"].append(rows[:options.test])
            kept["val"].append(rows[options.test:][:options.val])
            kept["train"].append(rows[options.test + options.val:][:many])
        rows = {part: np.sort(np.concatenate(lists)) for part, lists in kept.items()}
        x, y = {}, {}
        for part, chosen in rows.items():
            pixels = torch.from_numpy(np.array(images[chosen])).float()[:, None]
            x[part], y[part] = pixels, torch.from_numpy(labels[chosen].astype(np.int64))
        mean, sd = x["train"].mean(), x["train"].std()
        x = {part: ((pixels - mean) / sd).to(trial.device) for part, pixels in x.items()}
        seen = add_noise(y["train"], options.noise, classes, rng)
        candidates = F.one_hot(seen, classes).bool()
        if options.ambiguity:
            candidates = add_candidates(x["train"].cpu(), y["train"], options.ambiguity, classes, rng)
            keys = torch.from_numpy(rng.random(candidates.shape)) * candidates
            seen = keys.argmax(1)
        to = trial.device
        return LongTailData(x["train"], seen.to(to), candidates.to(to), x["val"], y["val"].to(to), x["test"],
                            y["test"].to(to), torch.from_numpy(order).to(to))

    def run(self, method: LongTailMethod, data: LongTailData, trial: Trial) -> dict[str, float]:
        options, classes = trial.options, len(data.order)
        net = Net(data.x.shape[-1], options.width, options.features, classes).to(trial.device)
        task = Task(data, trial, classes)
        passed = [0]

        def count(module, inputs):
            passed[0] += len(inputs[0]) * torch.is_grad_enabled()

        counter = net.backbone.register_forward_pre_hook(count)
        method.prepare(net, task)
        if task.optimizer is None:
            task.begin_stage(net.parameters())
        step, every = 0, max(1, options.steps // 20)
        while task.spent < task.budget:
            task._schedule()
            net.zero_grad()
            passed[0] = 0
            loss = method.step(net, task)
            nn.utils.clip_grad_norm_([p for g in task.optimizer.param_groups for p in g["params"]], LONGEST)
            task.optimizer.step()
            task.spent += max(passed[0], options.batch)
            step += 1
            if step % every == 0 or task.spent >= task.budget:
                if not torch.isfinite(loss):
                    raise ValueError(f"{method.slug()}: the loss is {loss.item()} at step {step}")
                trial.record(round(task.spent / options.batch), options.steps, loss=loss.item())
        counter.remove()
        method.finish(net, task)
        trial.count(gradients=task.spent / options.batch, steps=step, parameters=count_parameters(net))
        return evaluate(logits_of(net, data.test_x), data.test_y, data.order)

    def shuffle_labels(self, data: LongTailData, generator: torch.Generator) -> LongTailData:
        rows = torch.randperm(len(data.y), generator=generator).to(data.y.device)
        return replace(data, y=data.y[rows], candidates=data.candidates[rows])


