"""Vowels: a word is its vowels.

    u(w) = vowels of w in their order, one unit; a dot where there are none

Marks stay, and numbers are one unit.

Follows the textbook.

>>> from methods.arenas.input_units.stage.subsets import kept
>>> kept("horse", "vowels")
'oe'
"""

from methods.arenas.input_units.arena import InputUnitsMethod
from methods.arenas.input_units.stage.subsets import Subset
from methods.kit.method import Card


class Vowels(Subset, InputUnitsMethod):
    card = Card(title="Vowels")
    keep = "vowels"
