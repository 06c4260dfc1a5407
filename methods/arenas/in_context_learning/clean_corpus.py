"""Clean corpus: a fixed text of sequences, of which three in four are parallel, with nothing spoilt.

    L = - mean over t of log p(y_t | pairs before t, x_t)

In the others a rule of the input alone says the class. What spoilt texts are compared with.

>>> CleanCorpus().trains
True
"""

from methods.arenas.in_context_learning.stage.corpus import Corpus
from methods.kit.method import Card


class CleanCorpus(Corpus):
    card = Card(title="Clean corpus")
