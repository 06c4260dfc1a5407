"""Which update rule trains best when everyone pays for the same number of gradients?

A network learns from minibatches, and the update rule is the open slot. One gradient of one
minibatch is the unit of cost: a rule that needs two gradients a step takes half the steps. Seed s
fixes split, initial weights and minibatches, so every rule starts at the same point and sees the
same examples in the same order.

Learning rates get the same care for everyone. Each rule trains once with its own paper's usual
rate and with the same few multiples of it, all with the same warm-up and cosine decay; the run
with the lowest validation loss is the one that is tested. Rules that promise to need no learning
rate train once, as they are. The gradients of every run are counted. Budgets here are hundreds of
gradients rather than the many thousands those usual rates were chosen for, so most multiples go up.

A run that ends with a higher training loss than it began with has diverged and is scored as the
untrained network.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor

from methods.arenas.optimizers.stage._checks import (
    forgets_the_last_run,
    measuring_changes_nothing,
    spends_the_budget,
)
from methods.arenas.optimizers.stage._landscape import Landscape
from methods.arenas.optimizers.stage._problems import PROBLEMS
from methods.kit.method import Method
from methods.kit.params import param
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.data import DIGITS, STDLIB
from methods.kit.training import minibatches

CHECKPOINTS = 20
LOOK = slice(0, 200)            # the training examples on which the curve and the sharpness are measured


class Optimizer(Method):
    """An update rule on the network's weights as one vector w (P,).

    `tuned` is False for rules that need no learning rate: the arena then tries only `lr` itself.
    `scheduled` is False for rules that replace the decay of the learning rate.
    """

    tuned: ClassVar[bool] = True
    scheduled: ClassVar[bool] = True

    lr: float = param(0.1, "usual learning rate; the arena tries multiples of it", low=1e-5, high=10.0)

    def start(self, w: Tensor) -> None:
        """Forget the last run; w (P,) are the initial weights."""

    def step(self, w: Tensor, gradient: Callable[[Tensor], Tensor], lr: float) -> Tensor:
        """The next weights (P,). `gradient(v)` is the loss gradient (P,) at any weights v on this step's
        minibatch; each call is paid for. `lr` is this step's learning rate, warm-up and decay included.
        """
        raise NotImplementedError

    def answer(self, w: Tensor) -> Tensor:
        """The weights to test when training stands at w: an average, for rules that keep one."""
        return w


class Optimizers(Arena):
    title = "Update rules at an equal number of gradients"
    metrics = (
        Metric("test_accuracy", "test accuracy", unit="%", chance=10.0, ceiling=100.0,
               chance_in={"language": 28.9, "sparse": 28.9},
               help="share of right answers on hidden data: digits, or the next character of a text, where chance "
                    "is the share of the commonest one"),
        Metric("train_loss", "final training loss", better="lower", unit="nats",
               help="cross-entropy on the training data when the budget is spent"),
        Metric("mean_loss", "training loss over the run", better="lower", unit="nats",
               help="average over the run of the training loss, capped at the untrained network's: speed"),
        Metric("sharpness", "sharpness", better="lower",
               help="largest eigenvalue of the training loss's Hessian at the tested weights"),
    )
    settings = (
        Setting("default", "a small convolutional network on digits", {"problem": "images"}),
        Setting("language", "a character transformer on source code", {"problem": "language"}),
        Setting("sparse", "logistic regression on rare features: which characters came before",
                {"problem": "sparse", "grid": (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)}),
        Setting("noisy-labels", "digits, 40 % of the known labels replaced at random",
                {"problem": "noisy", "flips": 0.4}),
        Setting("no-warmup", "digits, full learning rate from the first step", {"problem": "images", "warmup": 0.0}),
        Setting("untuned", "digits, one run at the usual learning rate for all the gradients tuning would have cost",
                {"problem": "untuned", "grid": (1.0,)}),
    )
    scales = {
        "smoke": Scale(5, 1000, {
            "flips": 0.0, "warmup": 0.1, "grid": (1.0, 10.0), "power_iterations": 2,
            "images": {"train": 64, "valid": 32, "all": 128, "batch": 8, "gradients": 16},
            "noisy": {"train": 64, "valid": 32, "all": 128, "batch": 8, "gradients": 16},
            "untuned": {"train": 64, "valid": 32, "all": 128, "batch": 8, "gradients": 32},
            "language": {"train": 64, "valid": 32, "all": 128, "batch": 8, "gradients": 16, "context": 8,
                         "channels": 8},
            "sparse": {"train": 64, "valid": 32, "all": 128, "batch": 8, "gradients": 16, "buckets": 64}}),
        "full": Scale(60, 2000, {
            "flips": 0.0, "warmup": 0.1, "grid": (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0), "power_iterations": 10,
            "images": {"train": 800, "valid": 200, "all": 1797, "batch": 32, "gradients": 160},
            "noisy": {"train": 300, "valid": 200, "all": 1797, "batch": 32, "gradients": 320},
            "untuned": {"train": 800, "valid": 200, "all": 1797, "batch": 32, "gradients": 1120},
            "language": {"train": 2000, "valid": 300, "all": 3000, "batch": 16, "gradients": 200, "context": 32,
                         "channels": 32},
            "sparse": {"train": 6000, "valid": 2000, "all": 14000, "batch": 32, "gradients": 160, "buckets": 1024}}),
        "gpu": Scale(600, 8192, {
            "flips": 0.0, "warmup": 0.1, "grid": (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0), "power_iterations": 30,
            "images": {"train": 800, "valid": 200, "all": 1797, "batch": 32, "gradients": 1600},
            "noisy": {"train": 300, "valid": 200, "all": 1797, "batch": 32, "gradients": 3200},
            "untuned": {"train": 800, "valid": 200, "all": 1797, "batch": 32, "gradients": 11_200},
            "language": {"train": 4000, "valid": 500, "all": 6000, "batch": 32, "gradients": 4000, "context": 64,
                         "channels": 128},
            "sparse": {"train": 200_000, "valid": 20_000, "all": 380_000, "batch": 128, "gradients": 3200,
                       "buckets": 16_384}}),
    }
    slot = Optimizer
    baseline = "sgd"
    sources = (DIGITS, STDLIB)
    checks = (spends_the_budget, forgets_the_last_run, measuring_changes_nothing)

    def data(self, trial: Trial) -> dict[str, Tensor]:
        sizes = self._sizes(trial)
        x, y = PROBLEMS[trial.options.problem][0](sizes, trial)
        x, y, known = x[:sizes["all"]], y[:sizes["all"]].clone(), sizes["train"] + sizes["valid"]
        classes = int(y.max()) + 1
        generator = trial.generator("label noise")
        wrong = torch.rand(y[:known].shape, generator=generator) < trial.options.flips
        y[:known][wrong] = torch.randint(classes, (int(wrong.sum()),), generator=generator)
        split = [sizes["train"], sizes["valid"], len(x) - known]
        names = ("train", "valid", "test")
        return {f"{kind}_{name}": part.to(trial.device) for kind, whole in (("x", x), ("y", y))
                for name, part in zip(names, whole.split(split), strict=True)}

    def shuffle_labels(self, data: dict[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        shuffled = {}
        for name in ("y_train", "y_valid"):
            y = data[name]
            order = torch.randperm(y.numel(), generator=generator).to(y.device)
            shuffled[name] = y.flatten()[order].view(y.shape)
        return {**data, **shuffled}

    def run(self, method: Optimizer, data: dict[str, Tensor], trial: Trial) -> dict[str, float]:
        sizes, options = self._sizes(trial), trial.options
        landscape = Landscape(PROBLEMS[options.problem][1](sizes).to(trial.device))
        trial.count(parameters=len(landscape.start))
        rates = [method.lr * factor for factor in (options.grid if method.tuned else (1.0,))]
        tries = [self._train(method, landscape, rate, data, trial, part=(i, len(rates)))
                 for i, rate in enumerate(rates)]
        w, curve = min(tries, key=lambda tried: float(landscape.loss(tried[0], data["x_valid"], data["y_valid"])))
        for point in curve:
            trial.record(total=sizes["gradients"], **point)
        right = landscape.logits(w, data["x_test"]).argmax(-1) == data["y_test"].flatten()
        return {"test_accuracy": 100 * float(right.float().mean()),
                "train_loss": float(landscape.loss(w, data["x_train"], data["y_train"])),
                "mean_loss": sum(point["loss"] for point in curve) / len(curve),
                "sharpness": landscape.sharpness(w, data["x_train"][LOOK], data["y_train"][LOOK],
                                                 options.power_iterations, trial.generator("power iteration"))}

    def _train(self, method: Optimizer, landscape: Landscape, rate: float, data: dict[str, Tensor], trial: Trial,
               part: tuple[int, int]) -> tuple[Tensor, list[dict[str, float]]]:
        """Spend one budget at one learning rate; the weights to test and the curve of training losses."""
        x, y, sizes = data["x_train"], data["y_train"], self._sizes(trial)
        budget, spent, curve = sizes["gradients"], 0, []
        untrained = float(landscape.loss(landscape.start, x[LOOK], y[LOOK]))
        w = landscape.start.clone()
        method.start(w.clone())
        for batch in minibatches(len(x), sizes["batch"], budget, trial.generator("minibatches")):
            batch = batch.to(x.device)

            def gradient(at: Tensor, batch: Tensor = batch) -> Tensor:
                nonlocal spent
                spent += 1
                return landscape.gradient(at, x[batch], y[batch])

            lr = rate * schedule((spent + 0.5) / budget, trial.options.warmup, method.scheduled)
            w = method.step(w, gradient, lr)
            if spent * CHECKPOINTS // budget > len(curve) or spent >= budget:
                loss = float(landscape.loss(method.answer(w), x[LOOK], y[LOOK]))
                curve.append({"step": spent, "loss": loss if loss < untrained else untrained, "learning_rate": lr})
                trial.progress((part[0] + spent / budget) / part[1], f"learning rate {rate:g}")
            if spent >= budget:
                break
        trial.count(gradients=spent)
        return (method.answer(w) if loss < untrained else landscape.start), curve

    @staticmethod
    def _sizes(trial: Trial) -> dict:
        return getattr(trial.options, trial.options.problem)


def schedule(progress: float, warmup: float, decay: bool) -> float:
    """The share of the learning rate at `progress` 0..1: a linear warm-up, then a cosine to zero if `decay`.

    >>> schedule(0.05, 0.1, True), schedule(0.1, 0.1, True), round(schedule(0.55, 0.1, True), 6)
    (0.5, 1.0, 0.5)
    """
    if progress < warmup:
        return progress / warmup
    return 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup))) if decay else 1.0
