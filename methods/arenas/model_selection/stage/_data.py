"""Models, tasks that they have not seen, and what each model is worth on each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.arenas.model_selection.stage._language import language
from methods.arenas.model_selection.stage._zoo import EACH, Encoder, Zoo, drawings, features, zoo
from methods.arenas.model_selection.stage.task import Card, History, Model, Task
from methods.kit.stage.arena import Trial

OWN = 100           # items of its own training that come with a model
SETS, TOGETHER = 40, 3


@dataclass(frozen=True)
class Selection:
    """Tasks, the models on each (tasks, models), sets of models (S, k) where sets are ranked, and what each model or
    set (M, T) is worth. `again` (M, T) is the same by other items: a probe learnt on other labelled drawings, or half
    of the items that are asked."""

    tasks: tuple[Task, ...]
    models: tuple[tuple[Model, ...], ...]
    sets: Tensor | None
    worth: Tensor
    again: Tensor
    past: tuple[Task, ...]
    past_models: tuple[tuple[Model, ...], ...]
    past_worth: Tensor


def selection(trial: Trial) -> Selection:
    if trial.options.what == "language":
        tasks, models, worth, again = language(trial)
        return Selection(tasks, models, None, worth, again, (), (), torch.zeros(len(models[0]), 0, device=trial.device))
    return _drawn(trial)


def _drawn(trial: Trial) -> Selection:
    o = trial.options
    made: Zoo = zoo(trial.seed, o.small, trial.progress)
    x, bits, _ = drawings(o.small)
    group = "moments" if o.what == "moments" else "encoders"
    found = made.moments if group == "moments" else made.encoders
    own = [_own(encoder, x, trial) for encoder in found]

    def posed(kinds: np.ndarray, labelled: bool) -> Task:
        each = EACH if labelled else x.shape[1]
        return Task(torch.from_numpy(x[kinds][:, :each]).flatten(0, 1).to(trial.device),
                    torch.arange(len(kinds), device=trial.device).repeat_interleave(each) if labelled else None,
                    torch.from_numpy(bits[kinds][:, :each]).flatten(0, 1).to(trial.device), len(kinds))

    def seen(task: Task) -> tuple[Model, ...]:
        return tuple(_model(encoder, task, *mine) for encoder, mine in zip(found, own, strict=True))

    asked, past = ([posed(kinds, o.labelled or before) for kinds in every]
                   for before, every in ((False, made.asked), (True, made.past)))
    if o.what == "sets":
        rng = trial.numpy("sets")
        sets = np.stack([rng.permutation(len(found))[:TOGETHER] for _ in range(SETS if not o.small else 6)])
        said = torch.from_numpy(made.said).float().softmax(3).numpy()                 # (M, T, N, C)
        right = np.repeat(np.arange(said.shape[3]), said.shape[2] // said.shape[3])
        hits = np.stack([100 * (said[members].mean(0).argmax(2) == right) for members in sets])
        worth, again = hits.mean(2), hits[:, :, ::2].mean(2)
    else:
        sets = None
        worth, again = made.probed[f"{group}-asked"], made.probed[f"{group}-again"]
        if o.truth == "tuned":
            worth, again = made.tuned[group], made.half[group]
    put = trial.device
    known = [torch.from_numpy(each).float().to(put) for each in (worth, again, made.probed[f"{group}-past"])]
    return Selection(tuple(asked), tuple(map(seen, asked)), None if sets is None else torch.from_numpy(sets).to(put),
                     *known[:2], tuple(past), tuple(map(seen, past)), known[2])


def _own(encoder: Encoder, x: np.ndarray, trial: Trial) -> tuple[Tensor, Tensor]:
    each = max(1, OWN // len(encoder.kinds))
    items = torch.from_numpy(x[encoder.kinds][:, :each]).flatten(0, 1)
    return (features(encoder.weights, items).to(trial.device),
            torch.arange(len(encoder.kinds), device=trial.device).repeat_interleave(each))


def _model(encoder: Encoder, task: Task, own_features: Tensor, own_kinds: Tensor) -> Model:
    weights = tuple(part.to(task.x.device) for part in encoder.weights)
    z = features(weights, task.x)
    card = Card(len(encoder.kinds), z.shape[1], encoder.steps, encoder.accuracy)
    return Model(card, z, (z @ weights[4] + weights[5]).softmax(1), weights[4].T, own_features, own_kinds)


def history(data: Selection) -> History:
    return History(list(data.past), [list(models) for models in data.past_models], data.past_worth)
