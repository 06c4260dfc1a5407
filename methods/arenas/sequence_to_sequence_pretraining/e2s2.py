"""E2S2: beside the target, the encoder itself is to mend the source and to know a text again.

    L = L_target + lam (L_local + L_global)
    L_local = - mean log p(x_i | corrupted x) at 15 % of the places (a third each masked, exchanged, shuffled)
    L_global = InfoNCE at 0.05 of mean states of two corruptions of a text, others of the batch as negatives

The target is BART's: spans of the corrupted source as one mask each, all is said. Both corruptions pass through the net
as sources alone, which counts.

Departs from the paper: its second view is a prompt around the sentence, here another corruption; weights of the losses
(lam = 0.1) and the shares of corruptions are ours; encoder and decoder share weights.

>>> import torch
>>> round(float(known_again(torch.eye(2), torch.eye(2), 1.0)), 4)           # log(e + 1) - 1
0.3133
"""

import numpy as np
import torch
import torch.nn.functional as F

from methods.arenas.sequence_to_sequence_pretraining.arena import SequenceToSequencePretrainingMethod
from methods.arenas.sequence_to_sequence_pretraining.stage.denoising import corrupted, whole
from methods.arenas.sequence_to_sequence_pretraining.stage.task import MASK, MODES, lesson
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

SHARE, TAU = 0.15, 0.05


def known_again(a, b, tau):
    """InfoNCE of rows by cosine."""
    logits = F.normalize(a, dim=1) @ F.normalize(b, dim=1).T / tau
    return F.cross_entropy(logits, torch.arange(len(a), device=a.device))


def damaged(rows, rng, pieces):
    """Rows (B, T) of which 15 % of the places are masked, exchanged for any or shuffled, and which places those are."""
    shown, places = rows.copy(), rng.random(rows.shape) < SHARE
    ways = rng.integers(3, size=rows.shape)
    shown[places & (ways == 0)] = MASK
    swaps = places & (ways == 1)
    shown[swaps] = rng.integers(len(MODES) + 1, pieces, int(swaps.sum()))
    for at in range(len(rows)):
        moved = np.flatnonzero(places[at] & (ways[at] == 2))
        shown[at, moved] = rows[at, rng.permutation(moved)]
    return shown, places


class E2s2(SequenceToSequencePretrainingMethod):
    card = Card(
        title="E2S2",
        papers=(Paper("E2S2: Encoding-Enhanced Sequence-to-Sequence Pretraining for Language Understanding and "
                      "Generation", 2022, arxiv="2205.14912"),),
        fidelity="core",
        claims=(Beats("bart", on="probe_bits", by=0.01), Beats("bart", on="mean_bits", by=0.01)),
    )

    lam: float = param(0.1, "weight of what the encoder learns", low=0.0, high=1.0)

    def example(self, row, at, task):
        return corrupted(row, task)

    def loss(self, net, batch, task):
        rows = np.array([task.text[i] for i in task.rows])
        states, value = [], 0.0
        for _ in range(2):
            shown, places = (torch.from_numpy(x).to(task.device) for x in damaged(rows, task.rng, task.sentinel))
            state = net.states(shown, torch.ones_like(places))[-1]
            wanted = torch.from_numpy(rows).to(task.device)[places]
            value = value + F.cross_entropy(net.logits(state[places]), wanted) / 2
            states.append(net.norm(state).mean(1))
            task.spend(shown.numel())
        return lesson(net, batch) + self.lam * (value + known_again(*states, TAU))

    def continuation(self, first, second, task, words=""):
        return whole([*first, *second], [(len(first), len(first) + len(second))])

    def infilling(self, row, spans, task):
        return whole(row, spans)
