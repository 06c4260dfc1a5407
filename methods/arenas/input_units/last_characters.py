"""Last characters: a word is its last character, and the model learns from that alone.

    u(w) = last character of w, one unit

Follows the textbook.

>>> from methods.arenas.input_units.stage.subsets import kept
>>> kept("horse", "last")
'e'
"""

from methods.arenas.input_units.arena import InputUnitsMethod
from methods.arenas.input_units.stage.subsets import Subset
from methods.kit.method import Card


class LastCharacters(Subset, InputUnitsMethod):
    card = Card(title="Last characters")
    keep = "last"
