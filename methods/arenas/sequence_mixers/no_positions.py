"""No positions: softmax attention whose queries and keys do not turn.

Tells what positions give; the causal mask alone still says how many came before.
"""

from methods.arenas.sequence_mixers.arena import SequenceMixersMethod
from methods.arenas.sequence_mixers.stage.nets import Softmax
from methods.kit.method import Card


class NoPositions(SequenceMixersMethod):
    card = Card(title="Attention without positions")

    def mixer(self, site):
        return Softmax(site, turned=False)
