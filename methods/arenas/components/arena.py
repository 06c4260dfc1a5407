"""Which normaliser and which residual connection let a deep, thin network train well?

A chain of many narrow residual branches is trained for a fixed number of steps. Everything is fixed
but what stands between the weights: the normaliser, the way a branch joins the stream, how the
weights are prepared, and what is done to a batch and its gradient. Everybody gets the same body,
the same initial weights, batches, optimiser, learning rate and number of images passed.

On images the body is a convolutional residual network. It reads handwritten digits of 8 x 8 pixels: few of them
labelled, all of them turned, shifted and noisy. The settings:

- `small-batch`: a quarter of the images, in batches of two, at a fifth of the learning rate;
- `high-rate`: four times the learning rate;
- `language`: the body is a causal transformer that predicts the next character of the Python standard library's
  source, trained with AdamW;
- `sets`: the body is a transformer without order, trained with AdamW. It names a digit from a half to all of its lit
  pixels; the sets of a batch are filled up to the largest. The task was shaped on runs with layer and batch
  normalisation, before there was any method that claims something there;
- `streamed-sets`: trained as in `sets`, but an unseen set comes in pieces of eight points, and the answer is given on
  the mean of what each piece alone was read as.

Besides accuracy and loss on unseen data the arena reports how many steps the network needs to a fixed
loss, by how much the deepest quarter of the branches lowers the loss (they are silenced and the test
is repeated), how unequal the gradients of the branches are, and how many positions of the stream are
passed for one answer. A run whose loss is no longer finite stops, and is scored as a uniform guess.
"""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.components.stage._checks import (
    every_image_is_answered_alone,
    every_set_is_answered_alone,
    later_characters_are_not_seen,
    trains_to_the_end,
)
from methods.arenas.components.stage._data import SYMBOLS, ComponentsData, _batches, _images, _text
from methods.arenas.components.stage._measures import (
    WIDEST,
    WORST,
    _answers,
    _gradient_spread,
    _loss,
    _without_deepest,
)
from methods.kit.method import Method
from methods.kit.nets import (
    Branch,
    PreNormBlock,
    ResidualNetwork,
    Site,
    convolutional_network,
    set_transformer,
    transformer,
)
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import DIGITS, STDLIB
from methods.kit.training import count_parameters

COMMON = {"text": False, "sets": False, "piece": 0, "batch": 32, "rate": 0.1, "boost": 1.0, "share": 1.0,
          "text_rate": 7e-3, "set_rate": 3e-3, "looks": 20}


class ComponentsMethod(Method):
    """The slot: a normaliser, and what may be changed around it."""

    def norm(self, channels: int, site: Site) -> nn.Module:
        """The module at a normaliser's place: (N, channels, ...) -> same. nn.Identity() for none.

        Where `site.activated` a ReLU follows, unless the module has a true attribute `activates`.
        """
        raise NotImplementedError

    def connect(self, branch: Branch, norm: nn.Module, site: Site) -> nn.Module:
        """The block that joins a branch to the stream: (N, channels, ...) -> same."""
        return PreNormBlock(branch, norm)

    def prepare(self, model: ResidualNetwork) -> None:
        """Called once before training: draw weights anew, reparametrise them, set run-time state."""

    def backward(self, model: ResidualNetwork, x: Tensor, y: Tensor) -> Tensor:
        """Leave the gradient of a batch on the parameters and return its loss (scalar).

        x is (N, 1, H, W) or a batch of sets (N, T, 3) with y (N,), or (N, T) with y (N * T,).
        """
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss.detach()


class Components(Arena):
    title = "Normalisation and residual connections"
    metrics = (
        Metric("accuracy", "accuracy", unit="%", chance=10.0, ceiling=100.0, chance_in={"language": 29.4},
               help="unseen digits, or next characters, that are named right; chance is a uniform guess, for "
                    "characters the commonest one"),
        Metric("test_loss", "test loss", "lower", "nats", help="cross-entropy on unseen data"),
        Metric("steps_to_target", "steps to target", "lower", "steps",
               help="steps to a fixed loss on unseen data; the whole budget if it is never reached"),
        Metric("depth_gain", "gain from depth", "higher", "nats",
               help="rise of the test loss when the deepest quarter of the branches is silenced"),
        Metric("gradient_spread", "gradient spread", "lower", "decades",
               help="log10 of the largest over the smallest gradient norm among the branches after training"),
        Metric("positions", "positions passed", "lower", "per answer",
               help="positions of the stream that pass through a branch for one answer: pixels, characters, points"),
    )
    settings = (
        Setting("default", "digits, deep convolutional network"),
        Setting("small-batch", "digits in batches of 2", {"batch": 2, "share": 0.25, "boost": 0.2}),
        Setting("high-rate", "digits at four times the learning rate", {"boost": 4.0}),
        Setting("language", "next character, deep thin transformer", {"text": True}),
        Setting("sets", "digits as sets of lit pixels, thin transformer", {"sets": True}),
        Setting("streamed-sets", "digits as sets, unseen ones in pieces of 8 points", {"sets": True, "piece": 8}),
    )
    scales = {
        "smoke": Scale(5, 1500, {
            **COMMON, "labels": 100, "tests": 100, "images": 96, "channels": 4, "layers": 4, "target": 2.2,
            "characters": 20_000, "text_tests": 8, "context": 8, "windows": 4, "text_steps": 3, "text_channels": 8,
            "text_layers": 2, "heads": 2, "text_target": 4.0, "set_steps": 3, "set_layers": 2,
            "set_target": 2.2}),
        "full": Scale(60, 2000, {
            **COMMON, "labels": 400, "tests": 1300, "images": 9600, "channels": 12, "layers": 10, "target": 1.0,
            "characters": 2_000_000, "text_tests": 128, "context": 32, "windows": 24, "text_steps": 200,
            "text_channels": 32, "text_layers": 10, "heads": 4, "text_target": 2.5, "set_steps": 400, "set_layers": 4,
            "set_target": 1.6}),
        "gpu": Scale(900, 8192, {
            **COMMON, "labels": 497, "tests": 1300, "images": 96_000, "channels": 48, "layers": 20, "target": 0.7,
            "characters": 8_000_000, "text_tests": 1024, "context": 128, "windows": 64, "text_steps": 4000,
            "text_channels": 192, "text_layers": 12, "heads": 6, "text_target": 1.8, "set_steps": 6000, "set_layers": 8,
            "set_target": 1.0, "text_rate": 2e-3, "set_rate": 1e-3}),
    }
    slot = ComponentsMethod
    baseline = "batch-norm"
    sources = (DIGITS, STDLIB)
    checks = (trains_to_the_end, every_set_is_answered_alone, later_characters_are_not_seen,
              every_image_is_answered_alone)

    def data(self, trial: Trial) -> ComponentsData:
        return _text(trial) if trial.options.text else _images(trial)

    def run(self, method: ComponentsMethod, data: ComponentsData, trial: Trial) -> dict[str, float]:
        o = trial.options
        model = _network(method, o)
        method.prepare(model)
        model.to(trial.device)
        trial.count(parameters=count_parameters(model))
        steps, target = ((o.text_steps, o.text_target) if o.text else (o.set_steps, o.set_target) if o.sets else
                         (round(o.share * o.images) // o.batch, o.target))
        optimizer = (
            torch.optim.AdamW(model.parameters(), o.text_rate if o.text else o.set_rate, betas=(0.9, 0.95),
                              weight_decay=0.01) if o.text or o.sets else
            torch.optim.SGD(model.parameters(), o.boost * o.rate, momentum=0.9, nesterov=True, weight_decay=5e-4))
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
        watched = data.test_inputs[:128], data.test_targets[:128 * (o.context if o.text else 1)]
        reached, finite = None, True
        for step, (x, y) in enumerate(_batches(data, trial, steps), 1):
            optimizer.zero_grad(set_to_none=True)
            loss = method.backward(model, x, y)
            trial.count(gradients=1)
            look = step % max(1, steps // o.looks) == 0
            if finite := bool(torch.isfinite(loss)):
                optimizer.step()
                schedule.step()
                unseen = _loss(model, *watched) if look else 0.0
                finite = math.isfinite(unseen)
            if not finite:
                break
            if look:
                trial.record(step, steps, loss=loss, unseen=unseen)
                if reached is None and unseen <= target:
                    reached = step
        outputs, positions = _answers(model, data)
        if not finite or not torch.isfinite(outputs).all():
            classes = SYMBOLS if o.text else 10
            return {"accuracy": 100 / classes, "test_loss": math.log(classes), "steps_to_target": steps,
                    "depth_gain": 0.0, "gradient_spread": WIDEST, "positions": positions}
        loss = float(F.cross_entropy(outputs, data.test_targets))
        return {"accuracy": 100 * float((outputs.argmax(1) == data.test_targets).float().mean()),
                "test_loss": loss, "steps_to_target": reached or steps,
                "depth_gain": _without_deepest(model, data) - min(loss, WORST),
                "gradient_spread": _gradient_spread(method, model, x, y), "positions": positions}

    def shuffle_labels(self, data: ComponentsData, generator: torch.Generator) -> ComponentsData:
        order = torch.randperm(len(data.targets), generator=generator).to(data.targets.device)
        return replace(data, targets=data.targets[order])


def _network(method: ComponentsMethod, o: SimpleNamespace) -> ResidualNetwork:
    if o.text:
        return transformer(SYMBOLS, o.text_channels, o.text_layers, o.heads, o.context, method.norm, method.connect)
    if o.sets:
        return set_transformer(64, 10, o.text_channels, o.set_layers, o.heads, method.norm, method.connect, o.piece)
    return convolutional_network(10, o.channels, o.layers, method.norm, method.connect)


def _rate(step: int, steps: int) -> float:
    """Share of the learning rate: a twentieth of the steps up, then a cosine down."""
    return min(1.0, (step + 1) / max(1, steps // 20)) * 0.5 * (1 + math.cos(math.pi * step / steps))
