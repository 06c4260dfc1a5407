"""Random body: new embeddings are learnt under weights that have read nothing, a lower bound.

>>> RandomBody.reads
'nothing'
"""

from methods.arenas.language_transfer.arena import LanguageTransferMethod
from methods.kit.method import Card


class RandomBody(LanguageTransferMethod):
    card = Card(title="Random body")
    reads = "nothing"
