"""Full continuation: after English, the body learns with the new embeddings.

>>> FullContinuation.body_learns
True
"""

from methods.arenas.language_transfer.arena import LanguageTransferMethod
from methods.kit.method import Card


class FullContinuation(LanguageTransferMethod):
    card = Card(title="Full continuation")
    body_learns = True
