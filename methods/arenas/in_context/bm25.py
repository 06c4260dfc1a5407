"""BM25: show the demonstrations that share the rarest words with the question.

Counts words and nothing else. A demonstration has three different words, so that its length and repeats do not matter
and a shared word counts as much as it is rare.

    s(x, z) = sum over x_i in z of log(1 + (P - df_i + 0.5) / (df_i + 0.5)) (k1 + 1) / (1 + k1) = sum of log(...)

Follows the textbook.

>>> import torch
>>> rare(torch.tensor([[[0, 1], [0, 2], [0, 3]]]), 4)[0, :2].mul(1000).round().tolist()     # P = 3, df = 3 and 1
[134.0, 981.0]
"""

import torch.nn.functional as F

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.selection import best_last
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Card


def rare(pool, words):
    """(E, V): what it counts to share a word with a demonstration of the pool (E, P, M)."""
    df = F.one_hot(pool, words).amax(2).sum(1).float()
    return (1 + (pool.shape[1] - df + 0.5) / (df + 0.5)).log()


class Bm25(InContextMethod):
    card = Card(title="BM25")

    def choose(self, asked, task):
        v = task.model.words
        has, wanted = (F.one_hot(t, v).amax(2).float() for t in (task.pool.words, asked.words))
        scores = wanted * rare(task.pool.words, v)[:, None] @ has.transpose(1, 2)
        return Prompts(best_last(scores, task.shots))
