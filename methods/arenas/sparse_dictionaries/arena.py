"""Can a few entries of a dictionary stand in for a layer of a language model?

A small causal model (four blocks, width 64) has learnt to predict the next byte of Python source and is never trained
again. A method learns 256 entries from what the third block gives out at 24,576 positions of its training files, and
then writes each of 12,288 positions of other files as a sum of eight of them; the model goes on from the sums. Lost is
what it then predicts worse. Training is 400 steps of Adam on 256 positions for all who train.

A method may use the gradient of the model's loss with regard to the layer to choose entries. The loss is taken of the
byte that the model itself holds most likely, as the next byte is not known when a code is made. In `seeing` it is taken
of the next byte, which tells the code something of what is to be predicted: not a question but a measure of that leak.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.sparse_dictionaries.stage._data import DictionaryData, bits, dictionary_data, said
from methods.arenas.sparse_dictionaries.stage.task import Layer
from methods.kit.engine.rehearsal import Rehearsal
from methods.kit.engine.requirements import require
from methods.kit.method import Method
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import STDLIB


class SparseDictionariesMethod(Method):
    """The slot: `fit` learns the dictionary, `encode` (N, M) says how much of each entry, `decode` (N, D) adds up."""

    def fit(self, layer: Layer) -> None:
        raise NotImplementedError

    def encode(self, layer: Layer) -> Tensor:
        """Codes with at most k entries that are not 0 in a row."""
        raise NotImplementedError

    def decode(self, codes: Tensor) -> Tensor:
        raise NotImplementedError


def answers_each_position_alone(rehearsal: Rehearsal, method: type[Method]) -> None:
    """The code of a position does not depend on which others are encoded."""
    watched, pairs = method(), []
    encode = watched.encode

    def see(layer):
        codes = encode(layer)
        pairs.append((codes[:9], encode(replace(layer, x=layer.x[:9], gradient=layer.gradient[:9]))))
        return codes

    watched.encode = see
    rehearsal.run(watched)
    require(all(torch.allclose(a, b, atol=1e-4) for a, b in pairs), "a code depends on the other positions")


class SparseDictionaries(Arena):
    title = "Sparse dictionaries"
    metrics = (
        Metric("loss_rise", "Loss added", better="lower", unit="bits per byte", ceiling=0,
               help="by going on from the sums in place of the layer"),
        Metric("unexplained", "Variance unexplained", better="lower", unit="%", chance=100, ceiling=0),
        Metric("dead", "Entries never used", better="lower", unit="%", ceiling=0, help="in the test"),
        Metric("steering", "Steering", unit="bits", help="divergence of the next byte when one used entry is doubled"),
    )
    settings = (
        Setting("default", "eight of 256", {"k": 8, "seeing": False}),
        Setting("seeing", "eight, gradients of the true next byte", {"k": 8, "seeing": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "block": 1, "entries": 48, "train": 4, "test": 3, "steps": 4,
                                 "batch": 64, "rate": 3e-3, "patience": 2, "steered": 2}),
        "full": Scale(60, 4096, {"small": False, "block": 3, "entries": 256, "train": 192, "test": 96, "steps": 400,
                                 "batch": 256, "rate": 3e-3, "patience": 25, "steered": 6}),
        "gpu": Scale(600, 16384, {"small": False, "block": 3, "entries": 1024, "train": 2000, "test": 1000,
                                  "steps": 4000, "batch": 4096, "rate": 1e-3, "patience": 100, "steered": 6}),
    }
    slot = SparseDictionariesMethod
    baseline = "top-k"
    sources = (STDLIB,)
    checks = (answers_each_position_alone,)

    def data(self, trial: Trial) -> DictionaryData:
        return dictionary_data(trial)

    def run(self, method: SparseDictionariesMethod, data: DictionaryData, trial: Trial) -> dict[str, float]:
        o, shape = trial.options, data.x.shape
        trial.count(positions=len(data.train_x))
        method.fit(Layer(data.train_x, data.train_gradient, o.entries, o.k, trial))
        asked = Layer(data.x.flatten(0, 1), data.gradient.flatten(0, 1), o.entries, o.k, trial)
        with torch.no_grad():
            codes = method.encode(asked)
            if codes.shape[0] != len(asked.x) or int((codes != 0).sum(1).max()) > o.k:
                raise ValueError(f"{method.slug()}: at most {o.k} entries at each position are wanted")
            back = method.decode(codes)
            logs, own = said(data, data.x, o.block), said(data, back.view(shape), o.block)
        error = (back - asked.x).square().sum() / (asked.x - asked.x.mean(0)).square().sum()
        return {"loss_rise": bits(own, data.targets) - bits(logs, data.targets), "unexplained": 100 * error.item(),
                "dead": 100 * (1 - (codes != 0).any(0).double().mean().item()),
                "steering": _steering(method, data, codes, back.view(shape), own, trial)}

    def shuffle_labels(self, data: DictionaryData, generator: torch.Generator) -> DictionaryData:
        """Every dimension of the layer, for learning, comes from another position."""
        order = torch.rand(data.train_x.shape, generator=generator).argsort(0).to(data.train_x.device)
        return replace(data, train_x=data.train_x.gather(0, order), train_gradient=data.train_gradient.gather(0, order))


@torch.no_grad()
def _steering(method: SparseDictionariesMethod, data: DictionaryData, codes: Tensor, back: Tensor, own: Tensor,
              trial: Trial) -> float:
    """Mean divergence at a position where one of the entries in use, drawn evenly, is doubled."""
    drawn, o, told = trial.generator("steering"), trial.options, []
    windows, length = back.shape[:2]
    at = torch.arange(windows, device=back.device)
    for _ in range(o.steered):
        place = torch.randint(length, (windows,), generator=drawn).to(back.device)
        rows = codes.view(windows, length, -1)[at, place]
        chance = torch.rand(rows.shape, generator=drawn).to(back.device)
        chosen = (chance * (rows != 0)).argmax(1)
        doubled = rows.scatter_add(1, chosen[:, None], rows.gather(1, chosen[:, None]))
        steered = back.clone()
        steered[at, place] = method.decode(doubled)
        new = said(data, steered, o.block)[at, place]
        told.append((own[at, place].exp() * (own[at, place] - new)).sum(1))
    return torch.cat(told).double().mean().item() / 0.6931471805599453
