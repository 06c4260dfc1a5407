"""Clean coverage: the right demonstrations that together hold most of the words asked.

It knows which demonstrations are right, and no other rule does: the upper end of this arena, not a contestant. What is
not covered cannot be known even here. Where one list serves all of a task, the words to be held are those of the
validation questions.

    Z = greedy max of sum_i 1[x_i in a right z of Z]; what is left is filled with right ones

Follows the textbook.

>>> import torch
>>> held(torch.tensor([[[5, 6]]]), torch.tensor([[[6, 7, 8]]]), torch.tensor([[True]])).tolist()
[[[[0.0, 1.0]]]]
"""

import torch

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.selection import greedy_cover
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Card


def held(words, pool, right):
    """(E, Q, P, L): 1 where a word (E, Q, L) is in a demonstration (E, P, M) that is right (E, P)."""
    same = (words[:, :, None, :, None] == pool[:, None, :, None]).any(4)
    return (same & right[:, None, :, None]).float()


class CleanCoverage(InContextMethod):
    card = Card(title="Clean coverage (upper bound)")
    sees_right = True

    def _best(self, words, task, k):
        cover = held(words, task.pool.words, task.pool.right)
        right = 1e-3 * task.pool.right[:, None].float()                   # these fill what is left
        return greedy_cover(cover, torch.ones_like(words, dtype=cover.dtype), k, right)

    def one(self, task):
        """Covers the words of the questions to try on."""
        return Prompts(self._best(task.validation.words.flatten(1)[:, None], task, task.shots).squeeze(1))

    def choose(self, asked, task):
        return Prompts(self._best(asked.words, task, task.shots))
