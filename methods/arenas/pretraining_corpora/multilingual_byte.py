"""Multilingual bytes: hidden stretches of bytes of all languages, without units that were learnt.

One stretch of 20 bytes in a row of 144 is hidden, as in `mono-byte`.

>>> MultilingualByte.phases
((('multi',), 1.0),)
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.arenas.pretraining_corpora.stage.spans import spans
from methods.arenas.pretraining_corpora.stage.task import guessed
from methods.arenas.pretraining_corpora.stage.words import MASK
from methods.kit.method import Card

LONG = 20


class MultilingualByte(PretrainingCorporaMethod):
    card = Card(title="Bytes of all languages")
    phases = ((("multi",), 1.0),)
    long = 3                    # rows of 144 bytes
    pieces = 264                # the bytes, and eight that stand for nothing

    def loss(self, net, task):
        ids, _ = task.draw()
        chosen = spans(task.lots(*ids.shape), 0.15, LONG)
        return guessed(net, net.states(ids.masked_fill(chosen, MASK))[-1], ids, chosen)
