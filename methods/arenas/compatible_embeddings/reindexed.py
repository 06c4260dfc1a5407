"""Reindexed: models that go on from each other, classifiers anew, and the gallery embedded anew at every upgrade.

The bound of this arena: what a newer model, with all the steps of those before it, finds when nothing old is kept.

Follows the textbook.
"""

from methods.arenas.compatible_embeddings.arena import CompatibleMethod
from methods.kit.method import Card


class Reindexed(CompatibleMethod):
    reindexes = True
    card = Card(title="Gallery embedded anew")

    def network(self, task):
        return task.last_network()
