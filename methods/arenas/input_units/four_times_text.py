"""Four times the text, an upper bound: subwords of bytes, learnt from four times as many windows.

    L = - mean log p(u_t | u_<t)

>>> FourTimesText.text
4
"""

from methods.arenas.input_units.arena import InputUnitsMethod
from methods.arenas.input_units.stage.pieces import byte_pieces
from methods.kit.method import Card


class FourTimesText(InputUnitsMethod):
    card = Card(title="Four times the text (upper bound)")
    text = 4

    def learn(self, words, task):
        self.cutter = byte_pieces([" " + word for word in words], 512)
        return 512

    def cut(self, word):
        return self.cutter.encode(" " + word).ids
