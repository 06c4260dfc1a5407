"""Consonants: a word is its consonants.

    u(w) = consonants of w in their order, one unit

Departs from the paper: what follows is said, where it guesses hidden words; the 1,000 most frequent forms are units, of
50,000 there.

>>> from methods.arenas.input_units.stage.subsets import kept
>>> kept("horse", "consonants")
'hrs'
"""

from methods.arenas.input_units.arena import InputUnitsMethod
from methods.arenas.input_units.stage.subsets import Subset
from methods.kit.method import Beats, Card, Paper


class Consonants(Subset, InputUnitsMethod):
    card = Card(
        title="Consonants",
        papers=(Paper("Understanding the Role of Input Token Characters in Language Models: How Does Information Loss "
                      "Affect Performance?", 2023, arxiv="2310.17271", covers="consonants against vowels"),),
        fidelity="core",
        claims=(Beats("vowels", on="probe_bits", by=0.02), Beats("character-subsets", on="probe_bits")),
    )
    keep = "consonants"
