"""What a run of the arena of fine-tuning is given: the pretrained model, the target in its parts, and the source."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from methods.arenas.finetuning.stage.nets import (
    CLASSES,
    Sizes,
    pretrained,
    shifted_pictures,
    source_pictures,
    target_pictures,
    with_cues,
)
from methods.kit.engine.archives import decoded
from methods.kit.stage import sentence_encoder
from methods.kit.stage.arena import Trial
from methods.kit.stage.seeding import derive
from methods.kit.stage.sources import MINILM

DIGIT_NAMES = tuple(f"the handwritten digit {name}" for name in (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))


@dataclass(frozen=True)
class FinetuningData:
    """Pictures (N, 1, 16, 16), or states of texts (N, T, D), and labels (N,). `start` is the model to be tuned, `base`
    the same before it was taught names; `letters` are the source's examples with labels, `context` more
    without; `names` (10, D) what a sentence encoder makes of the target classes' names."""

    start: dict[str, Tensor]
    base: dict[str, Tensor]
    train: tuple[Tensor, Tensor]
    val: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    shifted: tuple[Tensor, Tensor]
    source: tuple[Tensor, Tensor]
    letters: tuple[Tensor, Tensor]
    context: Tensor
    names: Tensor


def finetuning_data(trial: Trial) -> FinetuningData:
    """The pretrained model, the target's parts and what is left of the source, on the trial's device."""
    o, rng = trial.options, trial.numpy("split")
    if o.sentences:
        return _sentences(trial)
    sizes = Sizes(*(getattr(o, name) for name in Sizes._fields))
    weights = {name: torch.from_numpy(np.array(value)) for name, value in pretrained(sizes, trial.progress).items()}
    base, named = ({name.removeprefix(f"{stage}."): value for name, value in weights.items()
                    if name.startswith(stage)} for stage in ("base", "named"))
    start = dict(base if o.self_supervised else named)
    if o.fresh:
        start |= fresh_head(trial.generator("head"), start)
    x, y = target_pictures(o.small, trial.progress)
    parts = {"test": [], "val": [], "train": []}
    for c in range(CLASSES):
        rows = rng.permutation(np.flatnonzero(y.numpy() == c))
        for part, size in (("test", o.tests), ("val", min(o.val, o.shots)), ("train", o.shots)):
            parts[part].append(rows[:size])
            rows = rows[size:]
    found = {part: (x[np.concatenate(rows)], y[np.concatenate(rows)]) for part, rows in parts.items()}
    found["shifted"] = found["test"] if o.cues else shifted_pictures(o.small)
    printed, kinds, held = source_pictures(o.small, trial.progress)
    if o.cues:
        for part, (pictures, labels) in found.items():
            places = () if part == "shifted" else ("bottom",)
            found[part] = with_cues(pictures, labels, places, 0.9, trial.generator(f"cues of {part}")), labels
        printed = with_cues(printed, kinds, ("top",), 0.9, trial.generator("cues of source"))
    letters = kinds >= CLASSES
    found["source"] = printed[held & letters], kinds[held & letters] - CLASSES
    found["letters"] = printed[~held & letters], kinds[~held & letters] - CLASSES
    context = printed[~held][torch.from_numpy(rng.permutation(int((~held).sum()))[:256])]
    return _on(trial.device, FinetuningData(start, base, context=context, names=names_of(DIGIT_NAMES, o), **found))


def names_of(names: tuple[str, ...], o) -> Tensor:
    """(N, D) the unit vectors of short texts; computed once."""
    if o.small:
        return sentence_encoder.class_names(names)
    found = decoded(f"names-{MINILM.version}-{derive(0, repr(names)):x}", sentence_encoder.DECODED, (),
                    lambda: {"vectors": sentence_encoder.class_names(names).numpy()})
    return torch.from_numpy(np.array(found["vectors"]))


def _sentences(trial: Trial) -> FinetuningData:
    """News to be named by topic from their beginnings, the shifted test from their middles; other topics the source.

    The encoder was not taught these topics in stages: `base` is `start`.
    """
    o, rng = trial.options, trial.numpy("split")
    lower = sentence_encoder.LAYERS - o.layers
    found = sentence_encoder.stories(o.small, o.length, lower, trial.progress)
    start = {f"layers.{i}.{name}": value for i in range(o.layers)
             for name, value in sentence_encoder.layer_weights(lower + i).items()}
    start |= {"source_head.weight": torch.from_numpy(np.array(found.head)),
              "source_head.bias": torch.from_numpy(np.array(found.bias)),
              "head.weight": torch.zeros(CLASSES, sentence_encoder.WIDTH), "head.bias": torch.zeros(CLASSES)}
    start |= fresh_head(trial.generator("head"), start)
    parts = {"test": [], "val": [], "train": [], "shifted": []}
    for c in range(CLASSES):
        rows = rng.permutation(np.flatnonzero((found.topics == c) & (found.views == 0)))
        later = np.flatnonzero((found.topics == c) & (found.views == 1))
        parts["shifted"].append(later[np.isin(later - 1, rows[:o.tests])])         # the same stories' middles
        for part, size in (("test", o.tests), ("val", min(o.val, o.shots)), ("train", o.shots)):
            parts[part].append(rows[:size])
            rows = rows[size:]

    def read(rows: np.ndarray, first: int = 0) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(found.states[rows]).float(), torch.from_numpy(found.topics[rows] - first)

    beyond = (found.topics >= CLASSES) & (found.views == 0)
    letters = read(np.flatnonzero(beyond & ~found.held), CLASSES)
    context = letters[0][torch.from_numpy(rng.permutation(len(letters[0]))[:256])]
    return _on(trial.device, FinetuningData(
        start, start, **{part: read(np.concatenate(rows)) for part, rows in parts.items()},
        source=read(np.flatnonzero(beyond & found.held), CLASSES), letters=letters, context=context,
        names=names_of(found.names, o)))


def _on(device: torch.device, data: FinetuningData) -> FinetuningData:
    def moved(value):
        if isinstance(value, dict):
            return {name: each.to(device) for name, each in value.items()}
        return tuple(each.to(device) for each in value) if isinstance(value, tuple) else value.to(device)
    return FinetuningData(**{field.name: moved(getattr(data, field.name)) for field in fields(data)})


def fresh_head(generator: torch.Generator, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a classifier that knows nothing, small and random, for the place of the one in `state`."""
    weight = state["head.weight"]
    return {"head.weight": 0.1 * torch.randn(weight.shape, generator=generator).to(weight.device),
            "head.bias": torch.zeros_like(state["head.bias"])}
