"""Continued text: a model of general text with its units goes on with the target's text.

As in the papers, what the general model cost is not counted: it makes twice the steps.

>>> ContinuedText.phases
((('general',), 1.0), (('target',), 1.0))
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Card


class ContinuedText(PretrainingCorporaMethod):
    card = Card(title="General text, then the target")
    phases = ((("general",), 1.0), (("target",), 1.0))
