"""Own language, an upper bound: the body has read the new language itself and goes on learning with new embeddings.

>>> OwnLanguage.reads, OwnLanguage.body_learns
('other', True)
"""

from methods.arenas.language_transfer.arena import LanguageTransferMethod
from methods.kit.method import Card


class OwnLanguage(LanguageTransferMethod):
    card = Card(title="A body of the language itself (upper bound)")
    reads = "other"
    body_learns = True
