"""The arena: a fixed experiment with one open slot, and the trial that carries one run of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import torch

from methods.kit.method import Method
from methods.kit.stage.seeding import numpy_generator, seeded, torch_generator
from methods.kit.stage.sources import Source


@dataclass(frozen=True)
class Metric:
    """One score of a run. `better` is "higher" or "lower"; `chance` and `ceiling` are in `unit`.

    `chance_in` gives the chance level of the settings where it is another: {"language": 31.0}.
    """

    name: str
    title: str
    better: str = "higher"
    unit: str = ""
    chance: float | None = None
    ceiling: float | None = None
    help: str = ""
    chance_in: Mapping[str, float | None] = field(default_factory=dict)

    def chance_at(self, setting: str) -> float | None:
        return self.chance_in.get(setting, self.chance)

    @property
    def sign(self) -> float:
        return 1.0 if self.better == "higher" else -1.0


@dataclass(frozen=True)
class Setting:
    """A named variant, a question of its own. Its options override the scale's."""

    name: str
    title: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scale:
    """How big a run is. `seconds` and `memory_mb` are hard limits of one run."""

    seconds: float
    memory_mb: int
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Trial:
    """One run as the arena sees it: seed, sizes, device, named randomness, and what was counted.

    `options` holds the scale's options overlaid with the setting's, as attributes.
    """

    seed: int
    setting: Setting
    scale_name: str
    scale: Scale
    device: torch.device
    on_progress: Callable[[float, str], None] | None = None
    curve: list[dict[str, float]] = field(default_factory=list)
    counts: dict[str, float] = field(default_factory=dict)
    _last_told: float = 0.0

    def __post_init__(self):
        self.options = SimpleNamespace(**{**self.scale.options, **self.setting.options})

    def generator(self, purpose: str, device: str | torch.device = "cpu") -> torch.Generator:
        """A torch generator for one purpose, the same for every method at this seed."""
        return torch_generator(self.seed, purpose, device)

    def numpy(self, purpose: str) -> np.random.Generator:
        return numpy_generator(self.seed, purpose)

    def record(self, step: int, total: int, **values: float) -> None:
        """Append a point to the run's curve and tell the page how far it is."""
        self.curve.append({"step": step, **{name: float(value) for name, value in values.items()}})
        self.progress(step / max(total, 1), f"step {step} of {total}")

    def progress(self, fraction: float, text: str) -> None:
        now = time.monotonic()
        if self.on_progress and (now - self._last_told > 0.25 or fraction >= 1):
            self._last_told = now
            self.on_progress(min(max(fraction, 0.0), 1.0), text)

    def count(self, **amounts: float) -> None:
        """Add to the budget counters shown beside the scores, e.g. gradients=1, parameters=1000."""
        for name, amount in amounts.items():
            self.counts[name] = self.counts.get(name, 0) + amount


class Arena:
    """A fixed experiment. Subclasses declare the attributes below and define `data` and `run`.

    The first metric is the primary one; the first setting is the main one and is called "default".
    `slot` is the Method subclass whose hooks the methods of this folder fill. `checks` are the arena's own contracts:
    functions of a rehearsal (methods.kit.engine.rehearsal) and a method's class, each called by its name in kebab case.
    """

    title: ClassVar[str]
    metrics: ClassVar[tuple[Metric, ...]]
    settings: ClassVar[tuple[Setting, ...]] = (Setting("default", "the arena's main question"),)
    scales: ClassVar[Mapping[str, Scale]]
    slot: ClassVar[type[Method]]
    baseline: ClassVar[str]
    sources: ClassVar[tuple[Source, ...]] = ()
    checks: ClassVar[tuple[Callable[[Any, type[Method]], None], ...]] = ()

    def data(self, trial: Trial) -> Any:
        """What `run` learns from and is tested on: a dataclass, mapping or tuple of tensors, fixed by the seed."""
        raise NotImplementedError

    def run(self, method: Method, data: Any, trial: Trial) -> dict[str, float]:
        """The whole experiment: exactly the declared metrics."""
        raise NotImplementedError

    def shuffle_labels(self, data: Any, generator: torch.Generator) -> Any:
        """A copy of `data` whose training labels are permuted: a run on it must score at chance."""
        raise NotImplementedError

    @classmethod
    def slug(cls) -> str:
        return cls.__module__.split(".")[-2].replace("_", "-")

    @classmethod
    def metric(cls, name: str) -> Metric:
        for metric in cls.metrics:
            if metric.name == name:
                return metric
        raise KeyError(f"{cls.slug()} has no metric {name}; it has {', '.join(m.name for m in cls.metrics)}")

    @classmethod
    def setting(cls, name: str) -> Setting:
        for setting in cls.settings:
            if setting.name == name:
                return setting
        raise KeyError(f"{cls.slug()} has no setting {name}; it has {', '.join(s.name for s in cls.settings)}")

    def trial(self, *, setting: str = "default", scale: str = "full", seed: int = 0,
              device: str | torch.device = "cpu", on_progress=None) -> Trial:
        if scale not in self.scales:
            raise KeyError(f"{self.slug()} has no scale {scale}; it has {', '.join(self.scales)}")
        return Trial(seed, self.setting(setting), scale, self.scales[scale], torch.device(device), on_progress)

    def score(self, method: Method, trial: Trial, data: Any = None) -> dict[str, float]:
        """Run `method` on seeded generators and return its metrics as floats.

        Raises ValueError when the metrics are not exactly the declared ones or not finite.
        """
        data = self.data(trial) if data is None else data
        with seeded(trial.seed, trial.device):
            scores = self.run(method, data, trial)
        expected = [metric.name for metric in self.metrics]
        if sorted(scores) != sorted(expected):
            raise ValueError(f"{self.slug()} promises the metrics {', '.join(expected)} "
                             f"but {method.slug()} returned {', '.join(sorted(scores))}")
        scores = {name: float(scores[name]) for name in expected}
        broken = [name for name, value in scores.items() if not np.isfinite(value)]
        if broken:
            raise ValueError(f"{method.slug()} returned a non-finite {', '.join(broken)}")
        return scores
