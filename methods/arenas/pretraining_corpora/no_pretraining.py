"""No pretraining: random weights behind the target's own units, a lower bound.

>>> NoPretraining.phases
((('target',), 0.0),)
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Card


class NoPretraining(PretrainingCorporaMethod):
    card = Card(title="No pretraining")
    phases = ((("target",), 0.0),)
