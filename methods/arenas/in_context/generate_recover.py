"""Generate and recover: of several lists, show the one from whose answer the question can be recovered.

The model answers with a list of demonstrations, and is then asked the way back: which words would be translated so? A
list with which it comes home is trusted. No label is read.

    Z = argmax over n random lists of mean_i log p_back(x_i | Z, y^_i),   y^ = argmax p(y | Z, x)

Departs from the paper: words are translated back with the same demonstrations, where the paper summarises a datum,
recovers it from the summary and compares the two; lists are chosen for each question.

>>> import torch
>>> kept(torch.tensor([[[[7, 8]], [[5, 6]]]]), torch.tensor([[[0.1], [0.9]]])).tolist()
[[[5, 6]]]
"""

import torch

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.task import Prompts, likelihood
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def kept(lists, scores):
    """(E, Q, K) of lists (E, n, Q, K) by scores (E, n, Q)."""
    best = scores.argmax(1)[:, None, :, None].expand(-1, -1, -1, lists.shape[3])
    return lists.gather(1, best).squeeze(1)


class GenerateRecover(InContextMethod):
    card = Card(
        title="Generate and recover",
        papers=(Paper("GPT Self-Supervision for a Better Data Annotator", 2023, arxiv="2306.04349"),),
        fidelity="core",
        claims=(Beats("likelihood-choice", on="word_accuracy"), Beats("random-demonstrations", on="word_accuracy")),
    )

    lists: int = param(6, "random lists that are compared", low=1, high=40)

    def choose(self, asked, task):
        (e, q, _), p = asked.words.shape, task.pool.topics.shape[1]
        lists = torch.rand(e, self.lists, q, p, device=asked.words.device).argsort(3)[:, :, :, :task.shots]
        scores = []
        with torch.no_grad():
            for rows in lists.unbind(1):
                said = task.ask(asked.words, Prompts(rows)).argmax(3)
                scores.append(likelihood(task.ask(said, Prompts(rows), back=True), asked.words).mean(2))
        return Prompts(kept(lists, torch.stack(scores, 1)))
