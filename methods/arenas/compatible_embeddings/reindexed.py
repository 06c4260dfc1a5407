"""Reindexed: independent models, and the gallery embedded anew at every upgrade.

The bound of this arena: what a newer model finds when nothing old is kept.

Follows the textbook.
"""

from methods.arenas.compatible_embeddings.arena import CompatibleMethod
from methods.kit.method import Card


class Reindexed(CompatibleMethod):
    reindexes = True
    card = Card(title="Gallery embedded anew")
