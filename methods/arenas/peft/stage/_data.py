"""What a run of the arena of parameter-efficient adaptation is given: the source model, the target and its parts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from methods.arenas.peft.stage._source import (
    pictures,
    pretrained,
    program_symbols,
    seen_as,
    sizes_of,
    source_of,
    split_pairs,
    stories_of,
    symbols_of,
    tensor,
)
from methods.arenas.peft.stage.examples import Examples, plain
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial


@dataclass(frozen=True)
class PeftData:
    """`pool` holds target inputs without labels, `context` source inputs without labels, `related` other tasks."""

    state: dict[str, np.ndarray]
    train: Examples
    val: Examples
    test: Examples
    pool: Tensor
    context: Tensor
    source: Examples
    related: tuple[Examples, ...]


def peft_data(trial: Trial) -> PeftData:
    """The pretrained model's weights, the target's parts, and what there is to transfer from, on the trial's device."""
    o = trial.options
    state = pretrained(sizes_of(o), source_of(o), trial.progress)
    if o.sentences:
        return _sentences(trial, state)
    if o.text:
        return _text(trial, state)
    images, labels = pictures(o.small, "target", trial.progress)
    rng, shots = trial.numpy("split"), round(o.shots * o.more)
    parts = {"train": [], "val": [], "test": [], "pool": []}
    for c in range(o.classes):
        rows = rng.permutation(np.flatnonzero(labels == c))
        for part, size in (("test", o.tests), ("val", min(o.val, shots)), ("train", shots),
                           ("pool", o.pool // o.classes)):
            parts[part].append(rows[:size])
            rows = rows[size:]
    rows = {part: rng.permutation(np.concatenate(lists)) for part, lists in parts.items()}
    train, val, test, pool = (
        seen_as(tensor(images[rows[part]]), torch.from_numpy(np.array(labels[rows[part]])), o,
                trial.generator(f"looks of {part}"), trial.generator("permutation"))
        for part in ("train", "val", "test", "pool"))
    if o.questions > 1:
        train, val, test = split_pairs(train, False), split_pairs(val, False), split_pairs(test, True)
    doodles, kinds = pictures(o.small, "source", trial.progress)
    held = slice(9, None, 10)                                                    # see pretrained()
    order = np.random.default_rng(0).permutation(len(kinds[held]))[:1000]
    source = _windows(trial, 100, "source windows", 0.9, 1.0) if o.modality else \
        plain(tensor(doodles[held][order]), torch.from_numpy(kinds[held][order]))
    drawn = rng.integers(0, len(kinds) // 10, 256) * 10
    context = _windows(trial, 64, "context", 0.0, 0.9).x if o.modality else tensor(doodles[drawn])
    found = PeftData(state, train, val, test, pool.x, context, source, _related(trial, doodles, kinds))
    return _to(found, trial.device)


def _related(trial: Trial, doodles: np.ndarray, kinds: np.ndarray) -> tuple[Examples, ...]:
    """Three labelled tasks of ten kinds to transfer from: handwritten digits, negative doodles, turned doodles."""
    o, rng = trial.options, trial.numpy("related")
    many = o.shots * o.classes
    found = []
    for change in ("negative", "turned"):
        chosen = rng.choice(np.unique(kinds), o.classes, replace=False)
        rows = rng.permutation(np.flatnonzero(np.isin(kinds, chosen) & (np.arange(len(kinds)) % 10 != 9)))[:many]
        x = tensor(doodles[rows])
        y = torch.from_numpy(np.searchsorted(np.sort(chosen), kinds[rows]))
        found.append(plain(1 - x if change == "negative" else x.rot90(1, (2, 3)), y))
    images, labels = datasets.digits() if o.small else datasets.mnist(trial.progress)[:2]
    rows = rng.permutation(900 if o.small else len(labels))[:many]
    found.append(plain(tensor(images[rows]), torch.from_numpy(np.array(labels[rows]))))
    return tuple(found)


def _windows(trial: Trial, many: int, purpose: str, low: float, high: float, symbols: Tensor | None = None) -> Examples:
    """`many` windows with their successors from the stretch low..high (shares) of the symbols."""
    context = trial.options.context
    symbols = program_symbols(trial.options.characters) if symbols is None else symbols
    symbols = symbols[int(low * len(symbols)):int(high * len(symbols))]
    at = torch.randint(len(symbols) - context - 1, (many, 1), generator=trial.generator(purpose))
    window = symbols[at + torch.arange(context + 1)]
    return plain(window[:, :-1], window[:, 1:])


def _text(trial: Trial, state: dict[str, np.ndarray]) -> PeftData:
    """One stretch of text of another kind, its last fifth the test: film reviews; small: program text not yet read."""
    o, rng = trial.options, trial.numpy("project")
    if o.small:
        beyond = program_symbols(2 * o.characters)[o.characters:]
    else:
        texts, _, sites = datasets.movie_reviews(trial.progress)
        rows, many = np.flatnonzero(sites == 0), o.project // 400                    # a review is never so short
        first = int(rng.integers(0, len(rows) - many))
        written = "\n".join(texts[int(row)] for row in rows[first:first + many])
        beyond = symbols_of(np.frombuffer(written.encode(), np.uint8))[:o.project + 1]
    at = int(rng.integers(0, len(beyond) - o.project))
    project = beyond[at:at + o.project]
    train = _windows(trial, o.shots * 40, "train windows", 0.0, 0.7, project)
    val = _windows(trial, o.val * 5, "val windows", 0.7, 0.8, project)
    test = _windows(trial, o.tests * 3, "test windows", 0.8, 1.0, project)
    source = _windows(trial, 100, "source windows", 0.9, 1.0)
    context = _windows(trial, 64, "context", 0.0, 0.9).x
    return _to(PeftData(state, train, val, test, train.x, context, source, ()), trial.device)


def _sentences(trial: Trial, state: dict[str, np.ndarray]) -> PeftData:
    """Beginnings of news stories: ten topics are the target, others the source. No other task to transfer from."""
    o, rng = trial.options, trial.numpy("split")
    found = stories_of(sizes_of(o), trial.progress)
    opening, shots = found.views == 0, round(o.shots * o.more)
    parts = {"train": [], "val": [], "test": [], "pool": []}
    for c in range(o.classes):
        rows = rng.permutation(np.flatnonzero(opening & (found.topics == c)))
        for part, size in (("test", o.tests), ("val", min(o.val, shots)), ("train", shots),
                           ("pool", o.pool // o.classes)):
            parts[part].append(rows[:size])
            rows = rows[size:]

    def read(rows: np.ndarray, first: int = 0) -> Examples:
        return plain(torch.from_numpy(found.states[rows]).float(), torch.from_numpy(found.topics[rows] - first))

    rows = {part: rng.permutation(np.concatenate(lists)) for part, lists in parts.items()}
    train, val, test, pool = (read(rows[part]) for part in ("train", "val", "test", "pool"))
    beyond = opening & (found.topics >= o.classes)
    context = np.flatnonzero(beyond & ~found.held)
    context = read(context[rng.permutation(len(context))[:256]], o.classes).x
    source = read(np.flatnonzero(beyond & found.held), o.classes)
    return _to(PeftData(state, train, val, test, pool.x, context, source, ()), trial.device)


def _to(data: PeftData, device: torch.device) -> PeftData:
    def moved(part: Examples) -> Examples:
        return Examples(*(each.to(device) for each in (part.x, part.y, part.look, part.question)))
    return replace(data, train=moved(data.train), val=moved(data.val), test=moved(data.test),
                   pool=data.pool.to(device), context=data.context.to(device), source=moved(data.source),
                   related=tuple(moved(part) for part in data.related))
