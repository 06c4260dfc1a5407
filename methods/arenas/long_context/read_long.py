"""Read long: the model that has already read long texts, attending to all.

The upper bound: what training at the length gives.
"""

from methods.arenas.long_context.arena import LongContextMethod
from methods.kit.method import Card


class ReadLong(LongContextMethod):
    card = Card(title="Trained on long texts")
    is_long = True
