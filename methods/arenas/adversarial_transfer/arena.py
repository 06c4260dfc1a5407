"""How far does an attack made on a public encoder reach the private models fine-tuned from it?

A transformer on patches has learnt to name five kinds of clothing (Fashion-MNIST) and is public. Three private models
were fine-tuned from it on the other five kinds: one with the encoder frozen, one for 150 steps and one for 600. An
attack sees the encoder with its own classifier and 2,000 pictures of the kinds that it knows. It moves no pixel by more
than the radius, and what counts is how many of the pictures that a private model names rightly it then names wrongly,
in the mean of the three.

By default every picture is attacked for itself, with ten gradients; what an attack wants to learn of the encoder first
costs gradients too, a tenth more at most. In `universal` one movement is made for all pictures, from 150 batches of the
encoder's own pictures. The cost is counted in pictures that pass through an encoder with gradients on. There are five
worlds, each with other kinds of clothing in public; a run at seed s attacks world s mod 5 and draws its own 1,000
pictures.

No strength was chosen by scores: radius and steps are the same for all, other constants the papers' or said to be ours.
A world decides much of the level, so methods are to be compared, not read alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

from methods.arenas.adversarial_transfer.stage._checks import stays_inside
from methods.arenas.adversarial_transfer.stage._data import AttackData, attack_data
from methods.arenas.adversarial_transfer.stage.nets import States
from methods.arenas.adversarial_transfer.stage.task import Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial


class AttackMethod(Method):
    """The slot: most fill `objective` alone, which both ways of attacking then climb."""

    sees_victims = False             # the private models: an upper bound, not a contestant

    def prepare(self, task: Task) -> None:
        """What is to be learnt of the encoder before anything is attacked."""

    def objective(self, moved: Tensor, clean: States, task: Task) -> Tensor:
        """How far (N,) pictures are moved (N, 1, H, W) from what they were, larger the better."""
        raise NotImplementedError

    def perturb(self, x: Tensor, task: Task) -> Tensor:
        """The pictures (N, 1, H, W), moved one by one."""
        clean = task.look(x)
        return task.climb(x, lambda moved: self.objective(moved, clean, task))

    def universal(self, task: Task) -> Tensor:
        """One movement (1, 1, H, W) for all pictures."""
        return task.universal(lambda moved, x: self.objective(moved, task.look(x), task))


class AdversarialTransfer(Arena):
    title = "Attacks on fine-tuned encoders"
    metrics = (
        Metric("fooled", "Fooled", unit="%", ceiling=100,
               help="pictures named rightly by a private model and wrongly once moved, mean of three models"),
        Metric("probe_fooled", "Probe fooled", unit="%", ceiling=100,
               help="the same for the model whose encoder stayed as it was"),
        Metric("tuned_fooled", "Long tuned fooled", unit="%", ceiling=100,
               help="the same for the model whose encoder was fine-tuned for 600 steps"),
        Metric("moved", "Moved", "lower", help="mean absolute change of a pixel, in shares of the radius; descriptive"),
    )
    settings = (
        Setting("default", "each picture for itself", {"one": False}),
        Setting("universal", "one movement for all pictures", {"one": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "tests": 60, "surrogate": 64, "radius": 0.15, "steps": 3, "rounds": 4,
                                 "batch": 16}),
        "full": Scale(60, 2048, {"small": False, "tests": 1000, "surrogate": 2000, "radius": 0.08, "steps": 10,
                                 "rounds": 150, "batch": 64}),
        "gpu": Scale(600, 8192, {"small": False, "tests": 14_000, "surrogate": 20_000, "radius": 0.08, "steps": 40,
                                 "rounds": 2000, "batch": 256}),
    }
    slot = AttackMethod
    baseline = "last-layer-pgd"
    sources = (datasets.FASHION_MNIST, datasets.DIGITS)
    checks = (stays_inside,)

    def data(self, trial: Trial) -> AttackData:
        return attack_data(trial)

    def run(self, method: AttackMethod, data: AttackData, trial: Trial) -> dict[str, float]:
        task, o = Task(data, trial, sees_victims=method.sees_victims), trial.options
        if not method.sees_victims:
            method.prepare(task)
        allowed = (o.rounds * o.batch if o.one else o.steps * len(data.x)) * 1.1
        if o.one:
            moved = task.inside(data.x + method.universal(task), data.x)
        else:
            parts = []
            for number, part in enumerate(data.x.split(250)):
                parts.append(task.inside(method.perturb(part, task), part))
                trial.record(number + 1, -(-len(data.x) // 250), passes=task.passes)
            moved = torch.cat(parts)
        if task.passes > allowed and not method.sees_victims:
            raise ValueError(f"{method.slug()} passed {task.passes} pictures with gradients; {allowed:.0f} are allowed")
        trial.count(gradients=task.passes)
        rates = {name: self._fooled(net, data, moved) for name, net in data.victims.items()}
        return {"fooled": sum(rates.values()) / len(rates), "probe_fooled": rates["probe"],
                "tuned_fooled": rates["long"], "moved": ((moved - data.x).abs().mean() / o.radius).item()}

    def _fooled(self, net: torch.nn.Module, data: AttackData, moved: Tensor) -> float:
        with torch.no_grad():
            before, after = (torch.cat([net(part).argmax(1) for part in x.split(500)]) for x in (data.x, moved))
        right = before == data.y
        if not right.any():
            raise ValueError("the private model names no picture rightly")
        return 100 * (after[right] != data.y[right]).double().mean().item()
