"""Subwords: characters, merged where they often stand together, 512 pieces in all; what is not known is one piece.

    repeat: merge the pair of pieces that is most frequent within words

No more than 384 characters are known.

Follows the textbook.

>>> 512 - 384
128
"""

from methods.arenas.input_units.arena import InputUnitsMethod
from methods.arenas.input_units.stage.pieces import character_pieces
from methods.kit.method import Card

PIECES, ALPHABET = 512, 384


class Subword(InputUnitsMethod):
    card = Card(title="Subwords of characters")

    def learn(self, words, task):
        self.cutter = character_pieces([" " + word for word in words], PIECES, ALPHABET)
        return PIECES

    def cut(self, word):
        return self.cutter.encode(" " + word).ids
