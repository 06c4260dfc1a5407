"""Nearest neighbour: a query is of the kind of the one drawing it is most like.

    argmax_c max_{i of c} cos(x, x_i),   features less the mean of the base drawings

Follows the textbook.
"""

from methods.arenas.few_shot.arena import FewShotMethod
from methods.kit.method import Card


class NearestNeighbour(FewShotMethod):
    card = Card(title="Nearest neighbour")

    def classify(self, asked, task):
        shots = task.unit(asked.support).flatten(1, 2)                                            # (E, W S, D)
        near = task.unit(asked.query) @ shots.transpose(1, 2)
        return near.unflatten(2, asked.support.shape[1:3]).amax(3)
