"""ByT5: bytes are the units, and the weights that a vocabulary would have go into the network.

    u(w) = blank, then the UTF-8 bytes of w;   256 units, no merges, nothing unknown

Three blocks where others have two, as its encoder is deep.

Departs from the paper: it hides spans of 20 bytes and lets a decoder say them, here what follows is said, by the same
network, as all do here.

>>> units("it")
[34, 107, 118]
"""

from methods.arenas.input_units.arena import InputUnitsMethod
from methods.arenas.input_units.stage.pieces import SPECIAL
from methods.kit.method import Beats, Card, Matches, Paper, Withstands
from methods.kit.params import param


def units(word):
    """The bytes of a word behind a blank."""
    return [SPECIAL + byte for byte in (" " + word).encode()]


class Byt5(InputUnitsMethod):
    card = Card(
        title="ByT5",
        papers=(Paper("ByT5: Towards a token-free future with pre-trained byte-to-byte models", 2021,
                      arxiv="2105.13626"),),
        fidelity="core",
        claims=(Matches("subword", on="probe_bits", within=0.05),
                Withstands("subword", on="probe_bits", to="misspelt", by=0.02),
                Beats("subword", on="probe_bits", setting="misspelt", by=0.02)),
    )

    blocks: int = param(3, "how many blocks the encoder has", low=1, high=4)

    def learn(self, words, task):
        return 256 + SPECIAL

    def cut(self, word):
        return units(word)

    def net(self, many, task):
        return task.encoder(many, self.blocks)
