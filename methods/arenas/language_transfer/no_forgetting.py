"""No forgetting: the encoder reads English in one go, then new embeddings are learnt under its body.

>>> NoForgetting.reads, NoForgetting.body_learns
('english', False)
"""

from methods.arenas.language_transfer.arena import LanguageTransferMethod
from methods.kit.method import Card


class NoForgetting(LanguageTransferMethod):
    card = Card(title="No forgetting")
