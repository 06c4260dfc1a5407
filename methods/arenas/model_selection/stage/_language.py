"""Language models of five sizes after so many steps, and what each scores on text of four sources."""

from __future__ import annotations

import json
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.model_selection.stage.task import Card, Model, Task
from methods.kit.stage.arena import Trial
from methods.kit.stage.lm_grids import grid
from methods.kit.stage.lm_ladder import SOURCES, UNITS, WORLDS, Rung, asked, ladder, weights_of, window_nats
from methods.kit.stage.lm_text import TRAIN, VALIDATION, library

LEAST = 212         # steps: before that models only learn which pieces are frequent
Found = tuple[tuple[Task, ...], tuple[tuple[Model, ...], ...], Tensor, Tensor]


def language(trial: Trial) -> Found:
    """Tasks are sources: windows of validation documents to judge by, and of test documents for the truth."""
    o, rng = trial.options, trial.numpy("language")
    world = trial.seed % WORLDS
    rungs = [rung for rung in ladder(world, o.small, trial.progress) if o.small or rung.steps >= LEAST]
    windows, sizes = (each[:, :8 if o.small else None] for each in asked(o.small, trial.progress))
    nats = _nats(rungs, windows, world, o.small, trial)
    rows, half = rng.permutation(windows.shape[1])[:windows.shape[1] // 2], windows.shape[1] // 4
    bits = (-nats[:, :, at].sum(2) / math.log(2) / sizes[:, at].sum(1) for at in (rows, rows[:half]))
    worth, again = (torch.from_numpy(each).float().to(trial.device) for each in bits)
    read = library(o.small, trial.progress)
    bits = torch.from_numpy(_told(read.cutter)).to(trial.device)
    tasks, models = [], []
    for name in SOURCES:
        shelf = read.shelves[name]
        rows = rng.permutation(shelf.rows(TRAIN if o.small else VALIDATION))[:o.given]
        given = torch.from_numpy(shelf.windows[rows]).to(trial.device)
        labels = given[:, 1:].flatten().long()
        tasks.append(Task(bits[given[:, :-1].flatten().long()], labels, bits[labels], len(bits)))
        models.append(tuple(_model(rung, given, trial) for rung in rungs))
    return tuple(tasks), tuple(models), worth, again


@torch.no_grad()
def _model(rung: Rung, given: Tensor, trial: Trial) -> Model:
    net = rung.net().to(trial.device)
    z = net.norm(net.states(given[:, :-1].long())[-1]).flatten(0, 1)
    rows, labels = net.embed.weight.detach(), given[:, 1:].flatten().long()
    guess = F.one_hot((z @ rows.T).argmax(1), len(rows)).float()
    return Model(Card(len(rows), rung.width, rung.steps, math.nan), z, guess, rows, z, labels)


def _nats(rungs: list[Rung], windows: Tensor, world: int, small: bool, trial: Trial) -> np.ndarray:
    """(models, sources, windows)"""
    if small:
        return np.stack([[window_nats(rung.net(), each) for each in windows] for rung in rungs]).astype(np.float64)
    runs, nats = grid("plain", world, False, trial.progress)
    at = {(run.weights, run.units): i for i, run in enumerate(runs)}
    return nats[[at[weights_of(rung.net())[0], rung.steps * UNITS] for rung in rungs]].astype(np.float64)


def _told(cutter: str) -> np.ndarray:
    """(V, 7) of pieces: begins a word, letters alone, digits, other marks, capitals, more than two signs, of the first
    half of the vocabulary, which is of the shorter and more frequent pieces."""
    known = json.loads(cutter)["model"]["vocab"]
    pieces = sorted(known, key=known.get)
    found = []
    for at, piece in enumerate(pieces):
        bare = piece.removeprefix("Ġ")
        found.append([piece.startswith("Ġ"), bare.isalpha(), any(c.isdigit() for c in bare),
                      bool(bare) and not bare.isalnum(), bare != bare.lower(), len(bare) > 2, at < len(pieces) / 2])
    return np.array(found, np.float32)
