"""SciBERT with general units: the target's text as it reads it, cut into units that were learnt on general text.

>>> SciBertBaseVocab.units_of
('general',)
"""

from torch import nn

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.arenas.pretraining_corpora.stage.pairs import paired, told_apart
from methods.arenas.pretraining_corpora.stage.task import guessed
from methods.kit.method import Card


class SciBertBaseVocab(PretrainingCorporaMethod):
    card = Card(title="SciBERT with general units")
    units_of = ("general",)

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
