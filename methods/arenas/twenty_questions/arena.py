"""Which question should be asked next, when answers are noisy and there are few?

Somebody thinks of one of 20 kinds of drawings (Quick, Draw!). Twelve questions may be asked, each of the sort: is there
ink in this cell, of 7 x 7? Each answer comes from another drawing of the kind, so asking again may bring another one.
Known is a table, by 50 drawings of each kind, of how often there is ink in each cell; the answers come from 50 others.
In the end everybody guesses alike: the kind that is likeliest by the table and all answers. A run is 200 games of each
kind, the same for every method: who draws the answer at each turn does not depend on the question. What counts is the
share of right guesses, and the same for the quarter of the kinds that is guessed worst.

The learning rates of policies are the best of three by right guesses on seeds 100 to 102, which are never scored; other
constants are the papers', or said to be ours.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.twenty_questions.stage._data import QuestionsData, questions_data
from methods.arenas.twenty_questions.stage.task import Games, Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial


class QuestionsMethod(Method):
    """The slot: `ask` is all that most fill."""

    asks_all = False                 # every question once: an upper bound, not a contestant

    def prepare(self, task: Task) -> None:
        """Called once, before the games."""

    def ask(self, games: Games, task: Task) -> Tensor:
        """The next question (G,) of each game."""
        raise NotImplementedError


class TwentyQuestions(Arena):
    title = "Noisy twenty questions"
    metrics = (
        Metric("accuracy", "Right guesses", unit="%", chance=5, ceiling=100, help="of all games"),
        Metric("worst_kinds", "Worst kinds", unit="%", chance=0, ceiling=100,
               help="right guesses of the quarter of the kinds that is guessed worst"),
        Metric("log_loss", "Log loss", "lower", "nats", help="minus the log of the right kind's belief, mean of games"),
    )
    settings = (Setting("default", "twelve questions"),)
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "kinds": 6, "grid": 4, "games": 10, "turns": 6, "ink": 0.7,
                                 "updates": 3, "played": 16}),
        "full": Scale(60, 2048, {"small": False, "kinds": 20, "grid": 7, "games": 200, "turns": 12, "ink": 0.3,
                                 "updates": 60, "played": 128}),
        # as many kinds, so that chance stays: more games, and more training of what asks
        "gpu": Scale(300, 8192, {"small": False, "kinds": 20, "grid": 7, "games": 2000, "turns": 12, "ink": 0.3,
                                 "updates": 1000, "played": 1024}),
    }
    slot = QuestionsMethod
    baseline = "random-questions"
    sources = (datasets.QUICKDRAW, datasets.DIGITS)

    def data(self, trial: Trial) -> QuestionsData:
        return questions_data(trial)

    def run(self, method: QuestionsMethod, data: QuestionsData, trial: Trial) -> dict[str, float]:
        turns = trial.options.turns
        task = Task(data.table, turns, trial)
        method.prepare(task)
        games, kinds = task.start(len(data.kind)), len(data.table)
        turns = data.table.shape[1] if method.asks_all else turns
        for turn in range(turns):
            question = method.ask(games, task)
            if question.shape != data.kind.shape or not ((question >= 0) & (question < data.table.shape[1])).all():
                raise ValueError(f"{method.slug()}: one of {data.table.shape[1]} questions a game is wanted")
            answer = data.inked[data.kind, data.who[:, turn % data.who.shape[1]], question]
            games = games.told(question, answer, data.table)
            trial.record(turn + 1, turns, accuracy=100 * _right(games, data).mean().item())
        trial.count(questions=turns * len(data.kind))
        each = 100 * _right(games, data).view(kinds, -1).mean(1)
        own = games.belief.gather(1, data.kind[:, None])
        return {"accuracy": each.mean().item(), "worst_kinds": each.sort().values[:max(1, kinds // 4)].mean().item(),
                "log_loss": -own.mean().item()}

    def shuffle_labels(self, data: QuestionsData, generator: torch.Generator) -> QuestionsData:
        """The table's rows dealt anew among the kinds."""
        order = torch.randperm(len(data.table), generator=generator).to(data.table.device)
        return replace(data, table=data.table[order])


def _right(games: Games, data: QuestionsData) -> Tensor:
    return (games.belief.argmax(1) == data.kind).double()
