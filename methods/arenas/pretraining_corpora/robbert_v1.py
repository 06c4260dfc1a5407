"""RobBERT, first version: the target's text, cut into units that were learnt on other languages.

>>> RobbertV1.units_of, RobbertV1.phases
(('general',), ((('target',), 1.0),))
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.arenas.pretraining_corpora.stage.task import guessed
from methods.kit.method import Card


class RobbertV1(PretrainingCorporaMethod):
    card = Card(title="RobBERT with units of other languages")
    units_of = ("general",)

    def loss(self, net, task):
        ids, of = task.draw()
        chosen = task.single(of, 0.15)
        return guessed(net, net.states(task.damaged(ids, chosen))[-1], ids, chosen)
