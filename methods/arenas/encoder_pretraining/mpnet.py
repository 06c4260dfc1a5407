"""MPNet: guess the last words of a drawn order one after another, with masks where words are still to come.

    L = - mean over t > c of log p(x_{z_t} | x_{z_<t}, M_{z_>=t}),   the last 15 % of a drawn order z

Words that are given see each other and masks at all places to be guessed; when a word is guessed, the masks of earlier
turns give way to the words, so that each guess sees the places of the whole window. A stream of content and one of
queries share weights. Without masks it is the permuted language model. A step costs 1.3 plain ones.

Departs from the paper: all that stands for a word to be guessed is a mask (there in 80 % of cases, else any word or the
word itself); single words, not whole ones of several pieces; it goes on from an encoder that has read by masks alone;
positions are absolute.

>>> import torch
>>> from methods.arenas.encoder_pretraining.stage.streams import allowed
>>> allowed(torch.tensor([[0, 1]]), torch.tensor([[1]]), True)[0].int().tolist()      # two words, mask, query
[[1, 0, 1], [1, 1, 0], [1, 0, 1], [1, 0, 1]]
"""

import torch.nn.functional as F

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.streams import drawn_order, two_streams
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Mpnet(EncoderPretrainingMethod):
    card = Card(
        title="MPNet",
        papers=(Paper("MPNet: Masked and Permuted Pre-training for Language Understanding", 2020, arxiv="2004.09297"),),
        fidelity="core",
        claims=(Beats("masked-language-model", on="probe_bits", by=0.01),
                Beats("permuted-language-model", on="probe_bits", by=0.01)),
        reduces_to=("permuted-language-model", {"compensate": False}),
    )
    cost = 1.3

    share: float = param(0.15, "words that are guessed", low=0.05, high=0.6)
    compensate: bool = param(True, "masks at places that are still to come")

    def loss(self, net, task):
        ids = task.draw()
        rank, places = drawn_order(task.lots(*ids.shape), self.share)
        state = two_streams(net, ids, rank, places, self.compensate)
        return F.cross_entropy(net.guess(state).flatten(0, 1), ids.gather(1, places).flatten())
