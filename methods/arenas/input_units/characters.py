"""Characters: each is a unit, the 384 most frequent ones; what is not known is one unit.

    u(w) = blank, then the characters of w

Follows the textbook.

>>> list(" it")
[' ', 'i', 't']
"""

from collections import Counter

from methods.arenas.input_units.arena import InputUnitsMethod
from methods.arenas.input_units.stage.pieces import SPECIAL, UNKNOWN
from methods.kit.method import Card

KNOWN = 384


class Characters(InputUnitsMethod):
    card = Card(title="Characters")

    def learn(self, words, task):
        counts = Counter("".join(" " + word for word in words)).most_common(KNOWN)
        self.units = {character: SPECIAL + i for i, (character, _) in enumerate(counts)}
        return len(counts) + SPECIAL

    def cut(self, word):
        return [self.units.get(character, UNKNOWN) for character in " " + word]
