"""Independent: every model learns anew, with a classifier of its own, and knows nothing of the one before.

The lower reference of this arena: its models' numbers mean different things.

Follows the textbook.
"""

from methods.arenas.compatible_embeddings.arena import CompatibleMethod
from methods.kit.method import Card


class Independent(CompatibleMethod):
    card = Card(title="Independent models")
