"""Hidden tokens only: the network goes on guessing hidden tokens, of functions and of their rewritings.

    L = CE(hidden token)

Follows the textbook.

>>> len(MlmOnly.params)
0
"""

from methods.arenas.contrastive_text.arena import ContrastiveTextMethod
from methods.kit.method import Card

SAME = ("names", "padding", "law")


class MlmOnly(ContrastiveTextMethod):
    card = Card(title="Hidden tokens only")

    def fit(self, task):
        encoder = task.encoder()
        task.train([encoder], lambda ids, rows: task.guess(encoder, ids)
                   + task.guess(encoder, task.rewritten(SAME, rows)))
        return encoder
