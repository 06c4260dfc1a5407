"""ERNIE 3.0: below, one part for all; above, one part that understands and one that writes.

    understanding (both ways):  - mean log p(x_i | text with 15 % in masked runs)  +  CE(which order the thirds are in)
    writing (to the left):      - mean log p(x_t | x_<t)

Batches of the two kinds take turns. Spans are asked for in the part that understands, all at once, what follows in the
part that writes. Both parts begin as the start's last block; below is what comes before it.

Departs from the paper: runs of two pieces for words and phrases; no facts (triples) beside the text, no memory of what
was read before, no distance between sentences; thirds of a row for sentences. The start has one block, so all that the
two parts share are embeddings, the short convolution and the last norm.

>>> len(ORDERS)
6
"""

from copy import deepcopy
from itertools import permutations

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.sequence_to_sequence_pretraining.arena import SequenceToSequencePretrainingMethod
from methods.arenas.sequence_to_sequence_pretraining.stage.net import PrefixBody
from methods.arenas.sequence_to_sequence_pretraining.stage.task import MASK, NONE, Batch, Example, lesson, told
from methods.kit.method import Beats, Card, Matches, Paper

ORDERS = tuple(permutations(range(3)))


def masked(row, spans):
    """A row that is all source, masked in spans, of which these are to be said in place.

    >>> masked([8, 9], [(1, 2)])
    Example(shown=[8, 2], places=[0, 1], source=2, said=[-1, 9])
    """
    hide = [any(a <= i < b for a, b in spans) for i in range(len(row))]
    return Example([MASK if h else piece for h, piece in zip(hide, row, strict=True)],
                   list(range(len(row))), len(row),
                   [piece if h else NONE for h, piece in zip(hide, row, strict=True)])


class Branches(nn.Module):
    """Two last blocks; who has any target after the source takes the one that writes."""

    def __init__(self, net: PrefixBody):
        super().__init__()
        self.net, self.understand = net, deepcopy(net.blocks[-1])
        self.write, self.norm, self.embed = net.blocks[-1], net.norm, net.embed
        self.order = nn.Linear(net.width, len(ORDERS)).to(net.embed.weight.device)

    def states(self, ids, source=None, places=None):
        reads = source is not None and bool(source[:, -1].all())
        self.net.blocks[-1] = self.understand if reads else self.write
        found = self.net.states(ids, source, places)
        self.net.blocks[-1] = self.write
        return found

    def forward(self, ids, source=None, places=None):
        return self.net.logits(self.states(ids, source, places)[-1])


class Ernie3(SequenceToSequencePretrainingMethod):
    card = Card(
        title="ERNIE 3.0",
        papers=(Paper("ERNIE 3.0: Large-scale Knowledge Enhanced Pre-training for Language Understanding and "
                      "Generation", 2021, arxiv="2107.02137"),),
        fidelity="core",
        claims=(Beats("prefix-language-model", on="probe_bits", by=0.01),
                Matches("prefix-language-model", on="continuation_bits", within=0.05)),
    )

    def prepare(self, net, task):
        self.turn = 0
        return Branches(net)

    def example(self, row, at, task):
        return masked(row, task.spans(len(row), 2, 0.15)) if self.turn % 2 else told([], row)

    def batch(self, task):
        self.turn += 1
        return super().batch(task)

    def loss(self, net, batch: Batch, task):
        value = lesson(net, batch)
        if not self.turn % 2:
            return value
        third = batch.ids.shape[1] // 3
        rows = torch.tensor([task.text[i] for i in task.rows], device=task.device)[:, :3 * third].unflatten(1, (3, -1))
        of = torch.from_numpy(task.rng.integers(len(ORDERS), size=len(rows))).to(task.device)
        order = torch.tensor(ORDERS, device=task.device)[of]
        mixed = rows.gather(1, order[:, :, None].expand_as(rows)).flatten(1)
        state = net.norm(net.states(mixed, torch.ones_like(mixed, dtype=torch.bool))[-1]).mean(1)
        task.spend(mixed.numel())
        return value + F.cross_entropy(net.order(state), of)

    def continuation(self, first, second, task, words=""):
        row = [*first, *second]
        return told([], row, [i >= len(first) for i in range(len(row))])

    def infilling(self, row, spans, task):
        return masked(row, spans)
