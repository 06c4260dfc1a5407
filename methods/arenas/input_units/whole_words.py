"""Whole words: the 1,000 most frequent are a unit each, all others one.

    u(w) = rank of w, or unknown

Follows the textbook.

>>> ranks(["a", "b", "a"], 1)
{'a': 2}
"""

from collections import Counter

from methods.arenas.input_units.arena import InputUnitsMethod
from methods.arenas.input_units.stage.pieces import SPECIAL, UNKNOWN
from methods.kit.method import Card

KNOWN = 1000


def ranks(words, many):
    """The units of the most frequent words."""
    return {word: SPECIAL + i for i, (word, _) in enumerate(Counter(words).most_common(many))}


class WholeWords(InputUnitsMethod):
    card = Card(title="Whole words")

    def learn(self, words, task):
        self.units = ranks(words, KNOWN)
        return KNOWN + SPECIAL

    def cut(self, word):
        return [self.units.get(word, UNKNOWN)]
