"""CDLM: related texts in one window; words look at near words, masked ones at all.

    L = - mean over masked t of log p(x_t | x~),   15 %;   attention within 8 words, everywhere for and from masks

In `documents` the two passages of a window are linked by a cross reference, in `default` they are of one document.

Departs from the paper: it goes on from an encoder that has read with full attention; two passages of 32 words; no
separating symbols; masks only, where BERT exchanges or leaves some of the chosen words.

>>> import torch
>>> local(3, torch.tensor([[False, False, True]]), 0)[0].int().tolist()
[[1, 0, 1], [0, 1, 1], [1, 1, 1]]
"""

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.task import LINKED, guessed
from methods.arenas.encoder_pretraining.stage.windows import local
from methods.arenas.encoder_pretraining.stage.words import MASK
from methods.kit.method import Beats, Card, Paper


class Cdlm(EncoderPretrainingMethod):
    card = Card(
        title="CDLM",
        papers=(Paper("CDLM: Cross-Document Language Modeling", 2021, arxiv="2101.00406"),),
        fidelity="core",
        claims=(Beats("local-only", on="cloze_bits", setting="documents", by=0.02),
                Beats("random-sets", on="cloze_bits", setting="documents", by=0.02)),
    )

    def loss(self, net, task):
        ids, _, _ = task.pair((LINKED,))
        chosen = task.choose(ids, 0.15)
        shown = ids.masked_fill(chosen, MASK)
        return guessed(net, self.states(net, shown)[-1], ids, chosen)

    def states(self, net, ids):
        return net.states(ids, mask=local(ids.shape[1], ids == MASK))
