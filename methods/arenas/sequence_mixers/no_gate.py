"""No gate: TransNormer without the gate on its output.

Tells what the gate gives; the feed-forward part is as much wider.
"""

from methods.arenas.sequence_mixers.arena import SequenceMixersMethod
from methods.arenas.sequence_mixers.stage.transnormer import Forgetting, Glu
from methods.kit.method import Card


class NoGate(SequenceMixersMethod):
    card = Card(title="TransNormer without its gate")

    def mixer(self, site):
        return Forgetting(site, gated=False)

    def feed(self, site):
        return Glu(site)
