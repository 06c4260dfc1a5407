"""In-context navigation: put what is found into the context, and ask again for the rest.

What ranks second in one answer is often only like the first, and not right. The answers the model is surest of are put
into the context as found, and the others are asked anew, so that the question moves away from what is known.

    found = the m surest of argmax_k p(k | Z, x_i);   p(y_j | Z + found, x_j) for the others

Departs from the paper: words of a sentence are translated, where the paper asks for lists of what belongs to a set; no
two words mean the same, so that a found translation is taken. Precision of ranks is not measured. Demonstrations are
the nearest ones, and found pairs make one more.

>>> import torch
>>> surest(torch.tensor([[[[0.0, 2.0], [3.0, 0.0], [0.0, 1.0]]]]), 2)[1].tolist()
[[[1, 0]]]
"""

import torch

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.selection import best_last, cosines
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def surest(logits, many):
    """Answers (E, Q, many) that are surest, and the places of their words."""
    sure, said = logits.softmax(3).max(3)
    at = sure.topk(many, 2).indices
    return said.gather(2, at), at


class InContextNavigation(InContextMethod):
    card = Card(
        title="In-context navigation",
        papers=(Paper("Correlation and Navigation in the Vocabulary Key Representation Space of Language Models", 2024,
                      arxiv="2410.02284"),),
        fidelity="core",
        claims=(Beats("cosine-top-k", on="word_accuracy"),),
        reduces_to=("cosine-top-k", {"rounds": 0}),
    )

    rounds: int = param(1, "how often what is found is put into the context", low=0, high=2)

    def choose(self, asked, task):
        return Prompts(best_last(cosines(asked.features, task.pool.features), task.shots))

    def answer(self, asked, prompts, task):
        (source, target), m = task.shown(prompts.rows), task.pool.words.shape[2]
        logits = task.read(source, target, asked.words)
        open_ = torch.ones_like(asked.words, dtype=torch.bool)
        for _ in range(self.rounds):
            answers, at = surest(logits.masked_fill(~open_[..., None], 0.0), m)       # closed words are the least sure
            source = torch.cat([source, asked.words.gather(2, at)[:, :, None]], 2)
            target = torch.cat([target, answers[:, :, None]], 2)
            open_ = open_.scatter(2, at, False)
            logits = torch.where(open_[..., None], task.read(source, target, asked.words), logits)
        return logits
