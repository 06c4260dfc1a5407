"""Mask more and mask later: hide half of the words, and let masks enter only in the later half of the encoder.

    early blocks: words not hidden;   later ones: also masks;   L = - mean over hidden t of log p(x_t | .)

With half of the words, the early half costs half, so a step counts as 0.75 plain ones and there are more of them. Here
hidden places are computed in the early half as well, unseen by the others, and thrown away.

Departs from the paper: there masks enter in a small decoder after the whole encoder, which is dropped later; here the
last of the encoder's own two blocks takes its part and stays. It goes on from an encoder that has read; the short
convolution sees nothing where words are hidden.

>>> MaskMoreMaskLater.cost
0.75
"""

import torch

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.task import guessed
from methods.arenas.encoder_pretraining.stage.words import MASK
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class MaskMoreMaskLater(EncoderPretrainingMethod):
    card = Card(
        title="Mask more and mask later",
        papers=(Paper("Mask More and Mask Later: Efficient Pre-training of Masked Language Models by Disentangling the "
                      "[MASK] Token", 2022, arxiv="2211.04898"),),
        fidelity="core",
        claims=(Beats("masked-language-model", on="probe_bits", by=0.01),),
    )
    cost = 0.75

    share: float = param(0.5, "words that are hidden", low=0.1, high=0.7)

    def loss(self, net, task):
        ids = task.draw()
        hidden = task.choose(ids, self.share)
        return guessed(net, self.read(net, ids, hidden)[-1], ids, hidden)

    def read(self, net, ids, hidden):
        """The states, where hidden words are masks that enter half-way."""
        x = net.enter(ids, near=net.vectors(ids) * ~hidden[..., None])
        mask = (net.embed.weight[MASK] + net.place[:ids.shape[1]]).expand_as(x)
        states, late = [], len(net.blocks) // 2
        for i, block in enumerate(net.blocks):
            if i < late:
                x = block(x, ~hidden[:, None, :])
            else:
                x = block(torch.where(hidden[..., None], mask, x) if i == late else x)
            states.append(x)
        return [torch.where(hidden[..., None], mask, x) for x in states[:late]] + states[late:]

    def states(self, net, ids):
        return self.read(net, ids, ids == MASK)
