"""Prompting protocol: one frozen model, every branch of prompting, and the branch that does best on known answers.

Branches of a taxonomy of prompting are tried on the validation questions: no demonstrations, random ones, the nearest
ones, those that share words, and the last two with the answer to nothing divided out. The likeliest right wins.

    branch = argmax of the mean log p(y | x) over the validation questions

Departs from the paper: it is a survey, and these are the branches that a model without language can be given; neither
chains of thought nor searched or soft prompts are among them.

>>> import torch
>>> shared(torch.tensor([[[0, 1]]]), torch.tensor([[[1, 2], [3, 4]]]), 5).tolist()
[[[1.0, 0.0]]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.selection import best_last, cosines
from methods.arenas.in_context.stage.task import Prompts, answers_of, likelihood
from methods.kit.method import Beats, Card, Paper

BRANCHES = (("none", False), ("random", False), ("nearest", False), ("words", False), ("nearest", True),
            ("words", True))


def shared(words, pool, vocabulary):
    """(E, Q, P): how many words (E, Q, L) a demonstration (E, P, M) has."""
    wanted, has = (F.one_hot(t, vocabulary).amax(2).float() for t in (words, pool))
    return wanted @ has.transpose(1, 2)


class PromptingProtocol(InContextMethod):
    card = Card(
        title="Prompting protocol",
        papers=(Paper("Prompting in Autoregressive Large Language Models", 2023, arxiv="2312.03740"),),
        fidelity="proxy",
        claims=(Beats("no-demonstrations", on="word_accuracy"), Beats("random-demonstrations", on="word_accuracy")),
    )

    def prepare(self, task):
        asked, found = task.validation, []
        with torch.no_grad():
            for branch, divided in BRANCHES:
                said = self._said(asked, self._shown(branch, asked, task), divided, task)
                found.append(likelihood(said, answers_of(asked)).mean())
        self.branch, self.divided = BRANCHES[int(torch.stack(found).argmax())]

    def choose(self, asked, task):
        return self._shown(self.branch, asked, task)

    def answer(self, asked, prompts, task):
        return self._said(asked, prompts, self.divided, task)

    def _shown(self, branch, asked, task):
        near = cosines(asked.features, task.pool.features)
        if branch == "none":
            return Prompts(asked.words[:, :, :0])
        scores = {"random": torch.rand_like(near), "nearest": near,
                  "words": shared(asked.words, task.pool.words, task.model.words)}[branch]
        return Prompts(best_last(scores, task.shots))

    def _said(self, asked, prompts, divided, task):
        said = task.ask(asked.words, prompts).log_softmax(3)
        if divided:
            said = said - task.ask(asked.words[:, :, :1], prompts, empty=True).log_softmax(3)
        return said
