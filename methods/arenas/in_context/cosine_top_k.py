"""Nearest demonstrations: show those whose sentences are most like the one asked, the most like last.

A sentence is the mean of the model's word vectors. Its nearest share its topic and some of its words, and as each is
chosen by itself they may all share the same.

    Z = top-k of cos(f(x), f(z)), the nearest next to the question

Departs from the paper: sentence vectors are means of the frozen model's own word vectors and not of an encoder trained
on pairs of sentences. The nearest comes last, one of the two orders that the paper tries.

>>> import torch
>>> from methods.arenas.in_context.stage.selection import best_last
>>> best_last(torch.tensor([0.1, 0.9, 0.5]), 2).tolist()
[2, 1]
"""

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.selection import best_last, cosines
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Beats, Card, Paper


class CosineTopK(InContextMethod):
    card = Card(
        title="Nearest demonstrations",
        papers=(Paper("What Makes Good In-Context Examples for GPT-3?", 2021, arxiv="2101.06804"),),
        fidelity="core",
        claims=(Beats("random-demonstrations", on="word_accuracy"),),
    )

    def choose(self, asked, task):
        return Prompts(best_last(cosines(asked.features, task.pool.features), task.shots))
