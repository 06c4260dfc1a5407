"""What models of the ladder answered, which of them are known, and what a scoring seed draws."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.arenas.downstream_prediction.stage.runs import CHANCE, Known, Models
from methods.kit.stage.arena import Trial
from methods.kit.stage.lm_answers import CLASSES, answers
from methods.kit.stage.lm_grids import grid
from methods.kit.stage.lm_ladder import WORLDS, asked

FIELDS = ("score", "loss", "right", "log_p", "shares", "base", "plain", "turned")


@dataclass(frozen=True)
class Answers:
    """`runs` (3, n) and what `Known` holds, of known models; the same of the asked with their `truth` in shares, and
    `again`, the asked models' scores in another world."""

    runs: Tensor
    known: dict[str, Tensor]
    asked: Tensor
    truth: Tensor
    again: Tensor
    chance: float


def opened(data: Answers) -> tuple[Known, Models]:
    return (Known(Models(*data.runs.numpy()), **{name: data.known[name].numpy() for name in FIELDS},
                  chance=data.chance), Models(*data.asked.numpy()))


def drawn_answers(trial: Trial) -> Answers:
    o, drawn = trial.options, trial.numpy("items")
    world = trial.seed % WORLDS
    here, there = (answers(each, o.small, trial.progress) for each in (world, (world + 1) % WORLDS))
    many = here["choices"].shape[1]
    items = np.sort(drawn.permutation(many)[:many // 2])
    known, truth, again = _scores(here, o.task, items), _scores(here, o.task, items)["score"], \
        _scores(there, o.task, items)["score"]
    runs = np.array(here["runs"])
    known["loss"] = _losses(world, o.small, runs, trial)
    compute = runs[:, 0] * runs[:, 2]
    dear = compute > 0.3 * compute.max()
    cheap = np.flatnonzero(~dear)
    cheap = np.sort(drawn.permutation(cheap)[2:])
    return Answers(torch.from_numpy(runs[cheap].T.copy()),
                   {name: torch.from_numpy(np.ascontiguousarray(value[cheap])) for name, value in known.items()},
                   torch.from_numpy(runs[dear].T.copy()), torch.from_numpy(truth[dear]), torch.from_numpy(again[dear]),
                   {"choice": CHANCE, "negation": 0.0, "fine-tuned": 1 / len(CLASSES)}[o.task])


def _scores(found: dict[str, np.ndarray], task: str, items: np.ndarray) -> dict[str, np.ndarray]:
    """All of `Known` but the loss."""
    choices = np.array(found["choices"], np.float64)[:, items]
    two, behind = choices[:, :, :2], np.array(found["negated"], np.float64)[:, items]
    shares = _shares(choices)[:, :, 0]
    plain, other = two.argmax(2) == 0, behind.argmax(2) == 1
    log_p, right = choices[:, :, 0], choices.argmax(2) == 0
    if task == "negation":
        log_p, right, shares = behind[:, :, 1], other, _shares(behind)[:, :, 1]
    base = (choices.argmax(2) == 0).mean(1)
    if task == "fine-tuned":
        log_p, right = (np.array(found[name])[:, items] for name in ("probed", "named"))
        shares = np.exp(log_p.astype(np.float64))
    return {"score": right.mean(1), "right": right.astype(np.float64), "log_p": log_p.astype(np.float64),
            "shares": shares, "base": base, "plain": plain.mean(1), "turned": (plain == other).mean(1)}


def _shares(log_p: np.ndarray) -> np.ndarray:
    p = np.exp(log_p - log_p.max(2, keepdims=True))
    return p / p.sum(2, keepdims=True)


def _losses(world: int, small: bool, runs: np.ndarray, trial: Trial) -> np.ndarray:
    """Bits per byte of plain text, of each of the runs."""
    if small:
        return 1 + 40 * runs[:, 0] ** -0.4 + 60 * runs[:, 2] ** -0.4
    plain, nats = grid("plain", world, False, trial.progress)
    bits = (nats.sum(2, dtype=np.float64) / math.log(2) / asked(False, trial.progress)[1].sum(1)).mean(1)
    at = {(run.weights, run.units): value for run, value in zip(plain, bits, strict=True)}
    return np.array([at[run[0], run[2]] for run in runs])
