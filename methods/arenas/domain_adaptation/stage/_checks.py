"""What every domain-adaptation method must keep to: gradients are paid for, and hidden labels and a source that is
gone change nothing."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.domain_adaptation.stage._data import DomainData
from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method

OVERDRAFT = 3    # batches by which the last step may overspend


def pays_for_its_gradients(rehearsal: Rehearsal, method: type[Method]) -> None:
    """Pictures pass with gradients before the last step alone, where they are counted, and few enough in each."""
    spent = rehearsal.outcome(method).counts["gradients"]
    budget = rehearsal.stage.trial(scale=rehearsal.scale).options.gradients
    require(spent < budget + OVERDRAFT,
            f"{spent:g} batches pass with gradients, {budget} are allowed: a step passes too many, or end() trains")


def sees_only_what_is_shown(rehearsal: Rehearsal, method: type[Method]) -> None:
    """Other labels of the target, and another source where it is gone, change neither losses nor answers."""
    setting = "default" if "setting:source-free" in method.card.waivers else "source-free"
    data = rehearsal.data(setting)
    shown = _course(rehearsal, method, setting, data)
    hidden = [replace(domain, y=(domain.y + 1) % data.classes, test_y=(domain.test_y + 1) % data.classes)
              for domain in data.domains]
    other = _course(rehearsal, method, setting, replace(data, domains=tuple(hidden)))
    require(shown == other, f"with other labels of the target it learns or answers otherwise ({setting})")
    if setting == "source-free":
        other = _course(rehearsal, method, setting, replace(data, x=data.x.flip(0) + 1, y=data.y.flip(0)))
        require(shown == other, "with another source it learns or answers otherwise, though the source is gone")


def _course(rehearsal: Rehearsal, method: type[Method], setting: str, data: DomainData) -> str:
    """Losses and answers of a run, exactly."""
    watched, answers = method(), []
    scores = watched.scores

    def kept(net: torch.nn.Module, x: Tensor) -> Tensor:
        answers.append(scores(net, x))
        return answers[-1]

    watched.scores = kept
    curve = rehearsal.run(watched, setting, data=data).curve
    return repr([point.get("loss") for point in curve]) + repr(torch.cat(answers).tolist())
