"""True caption: the query is what the right picture's caption says, all of it.

No method that is told one word can count on more; it is the upper end of this arena, not a contestant.

Follows the textbook.
"""

from methods.arenas.conditional_retrieval.arena import ConditionalRetrievalMethod
from methods.kit.method import Card


class TrueCaption(ConditionalRetrievalMethod):
    card = Card(title="True caption (upper bound)")
    knows_answer = True

    def combine(self, image, text):
        return text
