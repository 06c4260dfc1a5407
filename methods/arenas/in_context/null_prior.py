"""Null prior: divide by what the model answers when nothing is asked.

The demonstrations are shown and the place of the word is left empty. What is answered then is the model's liking, and
every word's probability is divided by it.

    p(k | x) = a_k P(k | x) / sum_j a_j P(j | x),   a_k = 1 / P(k | nothing)

Departs from the paper: quotients are made to sum to one, as in the second paper, where the first puts them through a
softmax; the order of answers is the same. Nothing is a vector of zeros, once, where the first paper takes the mean of
three inputs without content. Demonstrations are the nearest ones.

>>> import torch
>>> calibrated(torch.tensor([0.6, 0.4]).log(), torch.tensor([0.75, 0.25]).log()).softmax(0).mul(100).round().tolist()
[33.0, 67.0]
"""

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.selection import best_last, cosines
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Beats, Card, Paper


def calibrated(logits, of_nothing):
    """Logits (..., K) less the log probabilities of the answer to nothing."""
    return logits.log_softmax(-1) - of_nothing.log_softmax(-1)


class NullPrior(InContextMethod):
    card = Card(
        title="Null prior",
        papers=(Paper("Calibrate Before Use: Improving Few-Shot Performance of Language Models", 2021,
                      arxiv="2102.09690", covers="contextual calibration"),
                Paper("Mitigating Word Bias in Zero-shot Prompt-based Classifiers", 2023, arxiv="2309.04992",
                      covers="the version without any question")),
        fidelity="core",
        claims=(Beats("cosine-top-k", on="word_accuracy"),),
    )

    def choose(self, asked, task):
        return Prompts(best_last(cosines(asked.features, task.pool.features), task.shots))

    def answer(self, asked, prompts, task):
        nothing = task.ask(asked.words[:, :, :1], prompts, empty=True)                               # (E, Q, 1, V)
        return calibrated(task.ask(asked.words, prompts), nothing)
