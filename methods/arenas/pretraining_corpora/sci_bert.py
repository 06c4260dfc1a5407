"""SciBERT: hidden units of the target's own text, cut into its own units, and whether the second half follows.

    L = - mean over chosen t of log p(x_t | x~) + BCE(w . h_1, the second half is of another row)

Each unit is chosen for itself (15 %). BERTeus is the same for Basque, TunBERT for a dialect with little, noisy text.

Departs from the paper: a small encoder, a little science, English for Basque, English respelled by rules for a
dialect; the pair's state is that of the first unit, which may be hidden, and nothing marks where the second half
begins. Rivals are not asked about pairs.

>>> import torch
>>> from methods.arenas.pretraining_corpora.stage.pairs import told_apart
>>> round(float(told_apart(torch.zeros(2), torch.tensor([True, False]))), 4)       # log 2
0.6931
"""

from torch import nn

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.arenas.pretraining_corpora.stage.pairs import paired, told_apart
from methods.arenas.pretraining_corpora.stage.task import guessed
from methods.kit.method import Beats, Card, Matches, Paper


class SciBert(PretrainingCorporaMethod):
    card = Card(
        title="SciBERT, BERTeus, TunBERT",
        papers=(Paper("SciBERT: A Pretrained Language Model for Scientific Text", 2019,
                      arxiv="1903.10676",
                      covers="text of a domain, with its own units or general ones"),
                Paper("Give your Text Representation Models some Love: the Case for Basque", 2020,
                      arxiv="2004.00033",
                      covers="a model of one language against one of several"),
                Paper("TunBERT: Pretrained Contextualized Text Representation for Tunisian Dialect", 2021,
                      arxiv="2111.13138",
                      covers="little text of a dialect against clean text and against more"),),
        fidelity="core",
        claims=(Beats("general-text", on="probe_bits", setting="domain", by=0.03),
                Beats("sci-bert-base-vocab", on="probe_bits", setting="domain", by=0.005),
                Beats("multilingual-text", on="probe_bits", by=0.03),
                Beats("clean-text", on="probe_bits", setting="scarce", by=0.02),
                Matches("ten-times-text", on="probe_bits", setting="scarce", within=0.03),),
    )

    def prepare(self, task):
        net = task.blank(task.units.pieces)
        task.add("head", nn.Linear(net.width, 1))
        return net

    def loss(self, net, task):
        ids, of = task.draw()
        apart = task.lots(len(ids)) < 0.5
        ids, of = paired(ids, of, apart)
        chosen = task.single(of, 0.15)
        state = net.states(task.damaged(ids, chosen))[-1]
        return guessed(net, state, ids, chosen) + told_apart(task.parts["head"](net.norm(state[:, 0]))[:, 0], apart)
