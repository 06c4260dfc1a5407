"""All questions: every question is asked once.

Four times as many questions as anybody else has; the upper end of this arena, not a contestant.

Follows the textbook.
"""

from methods.arenas.twenty_questions.arena import QuestionsMethod
from methods.kit.method import Card


class AllQuestions(QuestionsMethod):
    card = Card(title="All questions (upper bound)")
    asks_all = True

    def ask(self, games, task):
        return games.asked.argmin(1)
