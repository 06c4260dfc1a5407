"""Seeds only: tune on the few examples given.

    D = seeds

Follows the textbook.

>>> SeedsOnly.card.title
'Seeds only'
"""

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.kit.method import Card


class SeedsOnly(TuningDataMethod):
    card = Card(title="Seeds only")
