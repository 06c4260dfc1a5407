"""A small arena outside the project, whose files a test may change and break."""

import sys
from pathlib import Path

import pytest

import methods.arenas
from methods.kit.engine import registry
from methods.kit.engine.code_digest import forget

ARENA = '''"""A small arena: which step size rule fits a linear classifier of handwritten digits in few steps?

Sixty images are used for training and sixty for testing, drawn anew for every seed. Everybody gets the same weights
to start from and the same number of gradient evaluations.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

from methods.kit.stage.arena import Arena, Metric, Scale, Setting
from methods.kit.stage.data import DIGITS, digits
from methods.kit.method import Method


@dataclass
class TinyData:
    x: torch.Tensor
    y: torch.Tensor
    test_x: torch.Tensor
    test_y: torch.Tensor


class TinyMethod(Method):
    def prepare(self, data):
        pass

    def direction(self, gradient):
        raise NotImplementedError


class Tiny(Arena):
    title = "Tiny"
    metrics = (Metric("accuracy", "Accuracy", unit="%", chance=10, ceiling=100),)
    settings = (Setting("default", "many steps"), Setting("short", "few steps", {"steps": 2}))
    scales = {"smoke": Scale(5, 500, {"steps": 6}), "full": Scale(5, 500, {"steps": 60})}
    slot = TinyMethod
    baseline = "plain"
    sources = (DIGITS,)

    def data(self, trial):
        images, labels = digits()
        rows = trial.numpy("split").permutation(len(labels))[:120]
        x, y = torch.tensor(images[rows]).flatten(1), torch.tensor(labels[rows])
        return TinyData(x[:60], y[:60], x[60:], y[60:])

    def run(self, method, data, trial):
        weight = torch.zeros(64, 10, requires_grad=True)
        method.prepare(data)
        for step in range(trial.options.steps):
            loss = F.cross_entropy(data.x @ weight, data.y)
            gradient, = torch.autograd.grad(loss, weight)
            with torch.no_grad():
                weight -= 0.5 * method.direction(gradient)
            trial.record(step + 1, trial.options.steps, loss=loss.item())
            trial.count(gradients=1)
        return {"accuracy": ((data.test_x @ weight).argmax(1) == data.test_y).float().mean().item() * 100}

    def shuffle_labels(self, data, generator):
        return replace(data, y=data.y[torch.randperm(len(data.y), generator=generator)])
'''

PLAIN = '''"""Plain: step along the gradient."""

from methods.arenas.tiny.arena import TinyMethod
from methods.kit.method import Card


class Plain(TinyMethod):
    card = Card(title="Plain gradient steps")

    def direction(self, gradient):
        return gradient
'''

SCALED = '''"""Scaled: step along a scaled gradient.

    w <- w - lr * scale * g

Follows the paper.

>>> resized(3.0, scale=0.5)
1.5
"""

import torch

from methods.arenas.tiny.arena import TinyMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def resized(step, scale):
    return step * scale


class Scaled(TinyMethod):
    card = Card(
        title="Scaled steps",
        papers=(Paper("Steps of another size", 2020, arxiv="2001.00001"),),
        fidelity="faithful",
        claims=(Beats("plain", on="accuracy", setting="short"),),
        reduces_to=("plain", {"scale": 1.0}),
        waivers={},
    )

    scale: float = param(0.5, "factor on the step", low=0.1, high=2.0)

    def prepare(self, data):
        self.steps = 0

    def direction(self, gradient):
        self.steps += 1
        return resized(gradient, self.scale)
'''


class TinyArena:
    """An arena folder outside the project that discovery sees as its only one."""

    def __init__(self, folder: Path):
        self.folder = folder / "tiny"
        self.folder.mkdir(parents=True)
        for name, text in (("__init__", ""), ("arena", ARENA), ("plain", PLAIN), ("scaled", SCALED)):
            self.write(name, text)

    def write(self, stem: str, text: str) -> Path:
        path = self.folder / f"{stem}.py"
        path.write_text(text)
        forget()
        return path

    def edit(self, stem: str, old: str, new: str) -> Path:
        text = (self.folder / f"{stem}.py").read_text()
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {stem}.py"
        return self.write(stem, text.replace(old, new))


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    arena = TinyArena(tmp_path / "methods" / "arenas")
    monkeypatch.setattr(registry, "ARENAS", arena.folder.parent)
    monkeypatch.setattr(methods.arenas, "__path__", [str(arena.folder.parent)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # edits within a second would meet the old bytecode
    registry.discover.cache_clear()
    loaded = {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith("methods.arenas.")}
    yield arena
    forget()
    for name in [name for name in sys.modules if name.startswith("methods.arenas.")]:
        del sys.modules[name]
    sys.modules.update(loaded)
    registry.discover.cache_clear()
