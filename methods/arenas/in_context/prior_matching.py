"""Prior matching: reweigh the answers so that, over the questions, every word is answered as often.

The model likes some words more than others whatever is asked. Each word's probability is multiplied by a factor of its
own, found on the questions alone so that the mean answer is uniform; no label is read.

    p(k | x) = a_k P(k | x) / sum_j a_j P(j | x),   a so that mean_x p(k | x) = 1 / K

Departs from the paper: prompts have demonstrations, the nearest ones, where the paper's have none; a is found in 30
rounds over the questions of all tasks together.

>>> import torch
>>> p = torch.tensor([[0.9, 0.1], [0.6, 0.4]])
>>> matched(p.log(), 500).softmax(1).mean(0).mul(100).round().tolist()
[50.0, 50.0]
"""

import torch

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.selection import best_last, cosines
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def matched(logits, rounds):
    """Logits (N, K) with log a added, a by fixed point: a_k <- a_k (1 / K) / mean_x p(k | x)."""
    log_p, log_a = logits.log_softmax(1), torch.zeros_like(logits[0])
    for _ in range(rounds):
        log_a = log_a - (log_p + log_a).softmax(1).mean(0).clamp(min=1e-12).log()
        log_a = log_a - log_a.mean()
    return log_p + log_a


class PriorMatching(InContextMethod):
    card = Card(
        title="Prior matching",
        papers=(Paper("Mitigating Word Bias in Zero-shot Prompt-based Classifiers", 2023, arxiv="2309.04992"),),
        fidelity="faithful",
        claims=(Beats("cosine-top-k", on="word_accuracy"), Beats("null-prior", on="word_accuracy")),
        reduces_to=("cosine-top-k", {"rounds": 0}),
    )

    rounds: int = param(30, "rounds of the fixed point", low=0, high=300)

    def choose(self, asked, task):
        return Prompts(best_last(cosines(asked.features, task.pool.features), task.shots))

    def answer(self, asked, prompts, task):
        logits = task.ask(asked.words, prompts)
        return matched(logits.flatten(0, 2), self.rounds).view_as(logits)
