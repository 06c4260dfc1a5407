"""No pretraining: subwords, and an encoder that has read nothing.

    states of weights as drawn

Follows the textbook.

>>> NoPretraining.trains
False
"""

from methods.arenas.input_units.arena import InputUnitsMethod
from methods.arenas.input_units.stage.pieces import character_pieces
from methods.kit.method import Card


class NoPretraining(InputUnitsMethod):
    card = Card(title="No pretraining")
    trains = False

    def learn(self, words, task):
        self.cutter = character_pieces([" " + word for word in words], 512, 384)
        return 512

    def cut(self, word):
        return self.cutter.encode(" " + word).ids
