"""CodeT5: spans, and what names are: told apart, guessed, and words and code turned into each other.

    one of three at each step:  span corruption + BCE(name | state) on the source  |  all names of a function hidden,
    one piece for each, to be said  |  words -> code or code -> words, announced by a mode

BCE asks of every piece of the code, the row being read once more without gaps, whether it belongs to a name. Where
there is no code, spans alone are left.

Departs from the paper: words and code are turned into each other from the start on, not at the end of the training, and
telling names apart is joined to the spans, where it takes its own turns; spans cut through words; the three tasks are
alike likely; reading and saying share their weights, which have read text from left to right before.

>>> veiled([10, 11, 12, 11], [0, -1, 1, -1], 90)
([90, 11, 91, 11], [90, 10, 91, 12])
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.sequence_to_sequence_pretraining.arena import SequenceToSequencePretrainingMethod
from methods.arenas.sequence_to_sequence_pretraining.stage.task import MODES, SENTINELS, lesson, packed, told
from methods.kit.method import Beats, Card, Paper


def veiled(row, names, first):
    """Every run of pieces of a name becomes the name's own sentinel; the target says what each name is, once."""
    source, target, known, last = [], [], [], -1
    for i, (piece, name) in enumerate(zip(row, names, strict=True)):
        if name < 0 or name >= SENTINELS:
            source.append(piece)
        elif name != last:
            source.append(first + name)
            if name not in known:
                known.append(name)
                end = next((j for j in range(i, len(row)) if names[j] != name), len(row))
                target += [first + name, *row[i:end]]
        last = name
    return source, target


class CodeT5(SequenceToSequencePretrainingMethod):
    card = Card(
        title="CodeT5",
        papers=(Paper("CodeT5: Identifier-aware Unified Pre-trained Encoder-Decoder Models for Code Understanding and "
                      "Generation", 2021, arxiv="2109.00859"),),
        fidelity="core",
        claims=(Beats("span-corruption", on="code_bits", setting="code", by=0.02),),
    )

    def prepare(self, net, task):
        net.tagger = nn.Linear(net.width, 1).to(task.device)
        self.names = task.names.tolist()
        return net

    def batch(self, task):
        rows = task.draw()
        self.kind = int(task.rng.integers(3)) if task.words else 0
        return packed([self.example(row, at, task) for row, at in zip(rows, task.rows, strict=True)], task.device)

    def example(self, row, at, task):
        if self.kind == 0:
            return task.infill(row, 3, 0.15)
        if self.kind == 1:
            source, target = veiled(row, self.names[at], task.sentinel)
            return told(source, target) if target else task.infill(row, 3, 0.15)
        words, code = row[:task.words], row[task.words:]
        return told([MODES["code"], *words], code) if task.rng.random() < 0.5 else told([MODES["words"], *code], words)

    def loss(self, net, batch, task):
        if self.kind or not task.words:
            return lesson(net, batch)
        rows = torch.tensor([task.text[i] for i in task.rows], device=task.device)
        state = net.states(rows, torch.ones_like(rows, dtype=torch.bool))[-1]
        task.spend(rows.numel())
        wanted, code = (task.names[task.rows] >= 0).float(), slice(task.words, None)
        return lesson(net, batch) + F.binary_cross_entropy_with_logits(
            net.tagger(net.norm(state[:, code]))[..., 0], wanted[:, code])

    def continuation(self, first, second, task, words=""):
        return told([MODES[words], *first] if words else first, second)
