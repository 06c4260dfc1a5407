"""Which few parts of a network carry a behaviour?

A method looks at a few examples of a behaviour and ranks the units of a frozen network; the first are switched off, and
what is lost on other examples counts. In `default` a network of four hidden layers of 64 units names pictures of
clothes (Fashion-MNIST); the behaviour is the probability of one class on its pictures, and the first unit of each layer
is set to 0. In `heads` a network of three layers of four attention heads, without other parts, has learnt two invented
tasks: to say which of two names is left, and to say the colour of a thing. The first three heads are made to say what
they say on a prompt with another answer. There are three networks each, and the seed takes one.

Two sets are found: in `default` from two halves of the pictures of a class, over five classes; in `heads` for the two
tasks. Loss and gain are means over all sets, and what two sets share is counted, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from methods.arenas.component_attribution.stage import heads, pictures
from methods.arenas.component_attribution.stage.task import Circuit
from methods.kit.lm_nets import Body
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial


@dataclass(frozen=True)
class Behaviour:
    """Two sets to be found from examples, each to be tried on others: arguments of a circuit."""

    seen: list[tuple]
    asked: list[tuple]


@dataclass(frozen=True)
class AttributionData:
    net: nn.ModuleList | Body
    behaviours: list[Behaviour]


class ComponentAttributionMethod(Method):
    """The slot: `rank` scores each unit (U,), the more important the higher."""

    def rank(self, circuit: Circuit) -> Tensor:
        raise NotImplementedError


class ComponentAttribution(Arena):
    title = "Parts that carry a behaviour"
    metrics = (
        Metric("damage", "Behaviour lost", unit="%", help="when the units chosen are off; above 100, turned round"),
        Metric("gain", "Behaviour gained", unit="%", help="when what they add is doubled"),
        Metric("overlap", "Shared", unit="%", ceiling=100, help="part of the units that two sets share"),
    )
    settings = (
        Setting("default", "one unit a layer, pictures", {"heads": False}),
        Setting("heads", "three attention heads, two tasks", {"heads": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "classes": 2, "seen": 6, "asked": 10, "chosen": 2}),
        "full": Scale(60, 2048, {"small": False, "classes": 5, "seen": 24, "asked": 400, "chosen": 3}),
        "gpu": Scale(600, 8192, {"small": False, "classes": 10, "seen": 200, "asked": 900, "chosen": 3}),
    }
    slot = ComponentAttributionMethod
    baseline = "random-units"
    sources = (datasets.FASHION_MNIST, datasets.DIGITS)

    def data(self, trial: Trial) -> AttributionData:
        return _heads(trial) if trial.options.heads else _pictures(trial)

    def run(self, method: ComponentAttributionMethod, data: AttributionData, trial: Trial) -> dict[str, float]:
        damage, gain, overlap = [], [], []
        for number, behaviour in enumerate(data.behaviours):
            sets = []
            for seen, asked in zip(behaviour.seen, behaviour.asked, strict=True):
                made = heads.HeadCircuit if trial.options.heads else pictures.PictureCircuit
                circuit = made(data.net, *seen, trial)
                trial.count(examples=len(seen[0]))
                scores = method.rank(circuit).detach()
                if scores.shape != (circuit.units,) or not torch.isfinite(scores).all():
                    raise ValueError(f"{method.slug()}: a finite score for each unit is wanted")
                chosen = _first(scores, circuit.layer, None if not trial.options.heads else trial.options.chosen)
                sets.append(set(chosen.nonzero().squeeze(1).tolist()))
                test = made(data.net, *asked, trial)
                whole = test.whole()
                with torch.no_grad():
                    twice = test.outcome(chosen[None], chosen.new_full((1,), 2, dtype=torch.float)).mean()
                damage.append(100 * (1 - test.off(chosen[None])[0] / whole).item())
                gain.append(100 * (twice / whole - 1).item())
            overlap.append(100 * len(sets[0] & sets[1]) / len(sets[0]))
            trial.record(number + 1, len(data.behaviours), damage=damage[-1])
        return {"damage": sum(damage) / len(damage), "gain": sum(gain) / len(gain),
                "overlap": sum(overlap) / len(overlap)}

    def shuffle_labels(self, data: AttributionData, generator: torch.Generator) -> AttributionData:
        """The examples looked at show another behaviour: another class, or answers of other prompts."""
        def mixed(seen: tuple) -> tuple:
            if len(seen) == 2:
                return seen[0], (seen[1] + 1 + int(torch.randint(9, (1,), generator=generator))) % 10
            order = torch.randperm(len(seen[2]), generator=generator)
            return *seen[:2], seen[2][order], seen[3][order]

        return replace(data, behaviours=[replace(b, seen=[mixed(seen) for seen in b.seen]) for b in data.behaviours])


def _first(scores: Tensor, layer: Tensor, many: int | None) -> Tensor:
    """(U,) the best unit of each layer, or the best `many` of all."""
    chosen = torch.zeros_like(scores, dtype=torch.bool)
    if many is not None:
        chosen[scores.topk(many).indices] = True
        return chosen
    for each in layer.unique():
        chosen[scores.masked_fill(layer != each, -torch.inf).argmax()] = True
    return chosen


def _pictures(trial: Trial) -> AttributionData:
    o, drawn = trial.options, trial.generator("pictures")
    _, _, x, y = (part.to(trial.device) for part in pictures.pictures(o.small, trial.progress))
    net = pictures.namer(trial.seed % pictures.WORLDS, o.small, trial.progress).to(trial.device)
    found = []
    for wanted in torch.randperm(10, generator=drawn)[:o.classes].tolist():
        rows = (y == wanted).nonzero().squeeze(1)
        rows = rows[torch.randperm(len(rows), generator=drawn).to(rows.device)]
        test = (x[rows[2 * o.seen:2 * o.seen + o.asked]], wanted)
        found.append(Behaviour([(x[rows[:o.seen]], wanted), (x[rows[o.seen:2 * o.seen]], wanted)], [test, test]))
    return AttributionData(net, found)


def _heads(trial: Trial) -> AttributionData:
    o, drawn = trial.options, trial.generator("prompts")
    net = heads.chooser(trial.seed % heads.WORLDS, o.small, trial.progress).to(trial.device)
    parts = [[tuple(part.to(trial.device) for part in heads.examples(task, many, drawn)) for task in heads.TASKS]
             for many in (o.seen, o.asked)]
    return AttributionData(net, [Behaviour(*parts)])
