"""What every model of the ladder answers to items: which of four continuations follows, the same behind a "not", and
what a small classifier on its states says of a passage's source."""

from __future__ import annotations

import json
import sys

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from methods.kit import lm_nets
from methods.kit.engine.archives import reads
from methods.kit.lm_nets import Body, nats
from methods.kit.stage import lm_ladder, lm_text
from methods.kit.stage.data import MOVIE_REVIEWS, REUTERS
from methods.kit.stage.lm_ladder import SOURCES, UNITS, Tell, digest, kept, ladder, weights_of
from methods.kit.stage.lm_text import TEST, TRAIN, library
from methods.kit.stage.sources import BIBLE, NOVELS

ITEMS, CONTEXT, SAID = 800, 32, 16          # questions, and pieces of a question and of an answer
LABELS, PASSAGES, SHORT = 400, 800, 16      # labelled passages, passages asked about, and their pieces
CLASSES = ("fiction", "bible-en", "reviews", "news", "code", "docs")
LEAST = 212                                 # steps before which a model is not asked


@reads(BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS)
def answers(world: int, small: bool = False, tell: Tell = None) -> dict[str, np.ndarray]:
    """By run: `runs` (R, 3) weights, those without embeddings and pieces read; `choices` (R, items, 4) log p of each
    continuation, the right one first; `negated` (R, items, 2) log p of the first two after "not"; `probed` (R,
    passages) log p of the right source by a classifier on the states, `named` whether it says that source. Where
    `small`, all is made up."""
    if small:
        return _made_up(world)
    return kept(f"lm-answers-{world}", lambda: _asked(world, tell), False, tell,
                digest(lm_nets, lm_text, lm_ladder, sys.modules[__name__]))


def _asked(world: int, tell: Tell) -> dict[str, np.ndarray]:
    read = library(False, tell)
    known = json.loads(read.cutter)["model"]["vocab"]
    questions, said = _items()
    no = torch.tensor([known["Ġnot"]] if "Ġnot" in known else [known["Ġn"], known["ot"]])
    passages, labels = _passages(TRAIN, LABELS), _passages(TEST, PASSAGES)
    found: dict[str, list[np.ndarray]] = {"runs": [], "choices": [], "negated": [], "probed": [], "named": []}
    for rung in ladder(world, False, tell):
        if rung.steps < LEAST:
            continue
        net = rung.net()
        found["runs"].append(np.array([*weights_of(net), rung.steps * UNITS], np.float64))
        found["choices"].append(_log_p(net, questions, said))
        behind = torch.cat([questions[:, len(no):], no.expand(len(questions), -1)], 1)
        found["negated"].append(_log_p(net, behind, said[:, :2]))
        right, named = _probed(net, passages, labels)
        found["probed"].append(right)
        found["named"].append(named)
    return {name: np.stack(rows) for name, rows in found.items()}


def _items() -> tuple[Tensor, Tensor]:
    """Beginnings (N, CONTEXT) and four continuations (N, 4, SAID): its own, then those of passages of any source."""
    shelves, drawn = library(False).shelves, np.random.default_rng(2)
    rows = np.concatenate([shelves[name].windows[drawn.permutation(shelves[name].rows(TEST))[:ITEMS // len(SOURCES)]]
                           for name in SOURCES]).astype(np.int64)
    rows = rows[drawn.permutation(len(rows))]
    other = np.stack([(np.arange(len(rows)) + shift) % len(rows) for shift in (0, 1, 7, 31)], 1)
    return torch.from_numpy(rows[:, :CONTEXT]), torch.from_numpy(rows[:, CONTEXT:CONTEXT + SAID][other])


def _passages(part: int, many: int) -> tuple[Tensor, Tensor]:
    """The first pieces of windows and the source of each."""
    shelves, drawn = library(False).shelves, np.random.default_rng(3 + part)
    each = -(-many // len(CLASSES))
    rows = [shelves[name].windows[drawn.permutation(shelves[name].rows(part))[:each], :SHORT] for name in CLASSES]
    labels = np.repeat(np.arange(len(CLASSES)), [len(row) for row in rows])
    order = drawn.permutation(len(labels))
    return torch.from_numpy(np.concatenate(rows)[order].astype(np.int64)), torch.from_numpy(labels[order])


@torch.no_grad()
def _log_p(net: Body, questions: Tensor, said: Tensor) -> np.ndarray:
    many = said.shape[1]
    windows = torch.cat([questions[:, None].expand(-1, many, -1), said], 2).flatten(0, 1)
    return -torch.cat([nats(net, part)[:, -SAID:].sum(1) for part in windows.split(256)]).view(-1, many).numpy()


def _probed(net: Body, known: tuple[Tensor, Tensor], wanted: tuple[Tensor, Tensor]) -> tuple[np.ndarray, np.ndarray]:
    with torch.no_grad():
        x, y = (torch.cat([state.mean(1) for state in net.states(ids)], 1) for ids in (known[0], wanted[0]))
    mean, deviation = x.mean(0), x.std(0) + 1e-6
    said = LogisticRegression(C=0.1, max_iter=200).fit(((x - mean) / deviation).numpy(), known[1].numpy()) \
        .predict_log_proba(((y - mean) / deviation).numpy())
    right = wanted[1].numpy()
    return said[np.arange(len(right)), right].astype(np.float32), (said.argmax(1) == right)


def _made_up(world: int) -> dict[str, np.ndarray]:
    drawn = np.random.default_rng(world)
    runs = np.array([(a, b, step * UNITS) for a, b in ((11568, 3376), (41984, 25600), (133120, 100352))
                     for step in (212, 300, 424, 600, 848)], np.float64)
    skill = np.log(runs[:, 0] * runs[:, 2])[:, None] - np.random.default_rng(0).normal(24, 3, (1, 60))
    noise = drawn.standard_normal((len(runs), 60, 4))
    choices = -40 + noise
    choices[:, :, 0] += 0.5 * skill
    negated = choices[:, :, :2] + 0.5 * drawn.standard_normal((len(runs), 60, 2))
    probed = -np.log1p(np.exp(-skill)) - 0.01
    return {"runs": runs, "choices": choices, "negated": negated, "probed": probed, "named": probed > -0.7}
