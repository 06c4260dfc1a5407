"""Character subsets: a word is its first character, and the model learns from that alone.

    u(w) = first character of w, one unit

Departs from the paper: what follows is said, where it guesses hidden words; the 1,000 most frequent forms are units.
The paper finds that even one character keeps most of the scores, more than no pretraining would.

>>> from methods.arenas.input_units.stage.subsets import kept
>>> kept("horse", "first")
'h'
"""

from methods.arenas.input_units.arena import InputUnitsMethod
from methods.arenas.input_units.stage.subsets import Subset
from methods.kit.method import Beats, Card, Paper


class CharacterSubsets(Subset, InputUnitsMethod):
    card = Card(
        title="First characters",
        papers=(Paper("Understanding the Role of Input Token Characters in Language Models: How Does Information Loss "
                      "Affect Performance?", 2023, arxiv="2310.17271", covers="first characters against last ones"),),
        fidelity="core",
        claims=(Beats("last-characters", on="probe_bits", by=0.02),),
    )
    keep = "first"
