"""Original mix: long training texts from documents as they come, every source at its share.

What upsampling is compared with.
"""

from methods.arenas.long_context.arena import LongContextMethod
from methods.kit.method import Card


class OriginalMix(LongContextMethod):
    card = Card(title="Original mix")
    trains = True
