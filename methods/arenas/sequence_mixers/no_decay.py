"""No decay: TransNormer whose heads never forget.

Tells what forgetting gives.
"""

from methods.arenas.sequence_mixers.arena import SequenceMixersMethod
from methods.arenas.sequence_mixers.stage.transnormer import Forgetting, Glu
from methods.kit.method import Card


class NoDecay(SequenceMixersMethod):
    card = Card(title="TransNormer that never forgets")

    def mixer(self, site):
        return Forgetting(site, decays=False)

    def feed(self, site):
        return Glu(site)
