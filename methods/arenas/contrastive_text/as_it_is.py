"""As it is: the network that has guessed hidden tokens, without further steps.

    z = mean of its states

Follows the textbook.

>>> len(AsItIs.params)
0
"""

from methods.arenas.contrastive_text.arena import ContrastiveTextMethod
from methods.kit.method import Card


class AsItIs(ContrastiveTextMethod):
    card = Card(title="As it is")

    def fit(self, task):
        return task.encoder()
