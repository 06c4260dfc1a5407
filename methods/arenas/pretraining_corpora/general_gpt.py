"""General GPT: a language model that reads to the right, of general text and its units.

>>> GeneralGpt.causal, GeneralGpt.phases
(True, ((('general',), 1.0),))
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.arenas.pretraining_corpora.stage.left import next_unit
from methods.kit.method import Card


class GeneralGpt(PretrainingCorporaMethod):
    card = Card(title="General text, read to the right")
    phases = ((("general",), 1.0),)
    causal = True

    def loss(self, net, task):
        return next_unit(net, task.draw()[0])
