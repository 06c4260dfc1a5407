"""Multilingual text: hidden units of all languages or domains, the target among them, with units for all.

In `noisy` and `scarce` the others are written by the book, in several languages and more plentiful, and the target is
not among them.

>>> MultilingualText.phases
((('multi',), 1.0),)
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Card


class MultilingualText(PretrainingCorporaMethod):
    card = Card(title="Text of all languages or domains")
    phases = ((("multi",), 1.0),)
