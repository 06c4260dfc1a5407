"""Many-shot blocks: as many random demonstrations as fit, encoded in blocks that do not see each other.

With many demonstrations it matters less which they are: random ones catch up with chosen ones. Nor need they see one
another: each attends only within its block, and the question attends to all.

    attention of demonstration i: those j with floor(i / b) = floor(j / b);   of the question: all

Departs from the paper: the model is small and 16 demonstrations are many. Tuning on the same demonstrations and sorting
by label, which the paper measures too, are not here: a dictionary has no classes to sort by.

>>> from methods.arenas.in_context.stage.nets import sees
>>> sees(2, 1, 1, 1).long().tolist()                       # two pairs in blocks of one, and a word asked
[[1, 0, 0], [0, 1, 0], [1, 1, 1]]
"""

import torch

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Card, GainGrows, Matches, Paper
from methods.kit.params import param


class ManyShot(InContextMethod):
    card = Card(
        title="Many-shot blocks",
        papers=(Paper("In-Context Learning with Long-Context Models: An In-Depth Exploration", 2024,
                      arxiv="2405.00200"),),
        fidelity="core",
        claims=(GainGrows("cosine-top-k", on="word_accuracy", to="many"),
                Matches("random-demonstrations", on="word_accuracy", within=2.0, setting="many")),
        reduces_to=("random-demonstrations", {"block": 0}),
    )

    block: int = param(2, "demonstrations in a block, 0 for no blocks", low=0, high=16)

    def choose(self, asked, task):
        draws = torch.rand(*asked.words.shape[:2], task.pool.topics.shape[1], device=asked.words.device)
        return Prompts(draws.argsort(2)[:, :, :task.shots], block=self.block)
