"""Fixed questions: those that would be best as the first, in order, whatever was answered.

The same list in every game, by how much each answer is expected to say before anything is known.

    the T questions with the largest  H(mean_k p_kj) - mean_k H(p_kj)

Follows the textbook.

>>> import torch
>>> from methods.arenas.twenty_questions.stage.task import unsureness
>>> p = torch.tensor([[1.0, 0.5], [0.0, 0.5]])
>>> [round(v, 3) for v in (unsureness(p.mean(0)) - unsureness(p).mean(0)).tolist()]        # log 2, and nothing
[0.693, 0.0]
"""

from methods.arenas.twenty_questions.arena import QuestionsMethod
from methods.arenas.twenty_questions.stage.task import information
from methods.kit.method import Card


class FixedQuestions(QuestionsMethod):
    card = Card(title="Fixed questions")

    def prepare(self, task):
        self.order = information(task.start(1), task.table)[0].argsort(descending=True)

    def ask(self, games, task):
        return self.order[games.turn].expand(len(games.asked))
