"""Random questions: each question is drawn anew, whatever was answered.

The lower end of this arena.

Follows the textbook.
"""

import torch

from methods.arenas.twenty_questions.arena import QuestionsMethod
from methods.kit.method import Card


class RandomQuestions(QuestionsMethod):
    card = Card(title="Random questions")

    def ask(self, games, task):
        drawn = torch.randint(games.asked.shape[1], (len(games.asked),), generator=task.generator)
        return drawn.to(games.asked.device)
