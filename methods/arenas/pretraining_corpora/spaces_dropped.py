"""Spaces dropped: the target's text and units, with nothing where a blank stands between clauses.

Where text has no such blanks (everywhere but in `unsegmented`) it is `gottbert`.

>>> SpacesDropped().normalise(" "), SpacesDropped().normalise("word")
('', 'word')
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Card


class SpacesDropped(PretrainingCorporaMethod):
    card = Card(title="Blanks dropped")
    def normalise(self, word):
        return "" if word == " " else word
