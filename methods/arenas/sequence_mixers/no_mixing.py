"""No mixing: feed-forward parts alone, so that each position knows only its own piece.

The floor: what follows a piece, whatever came before.
"""

from torch import nn

from methods.arenas.sequence_mixers.arena import SequenceMixersMethod
from methods.kit.method import Card


class Nothing(nn.Module):
    def forward(self, x):
        return x.new_zeros(())


class NoMixing(SequenceMixersMethod):
    card = Card(title="No mixing")

    def mixer(self, site):
        return Nothing()
