"""What a method of the arena of tuning data is given to make examples with."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from methods.arenas.tuning_data.stage.examples import Examples, drawn_pieces, tune
from methods.kit.lm_nets import Body
from methods.kit.stage.arena import Trial
from methods.kit.stage.digit_tasks import (
    DIGITS,
    EQUALS,
    LENGTH,
    TASKS,
    VARIANTS,
    WORDS,
    asked,
    right,
    task_of,
    varied,
    words_of,
)


@dataclass
class Task:
    """`seeds` are the few examples given. `start` is the model that will be tuned, `others` are models of other worlds,
    none of which may be changed; `copy` gives one that may. `unlabelled` (N, 6) are questions in the words of the
    seeds."""

    seeds: Examples
    start: Body
    others: Sequence[Body]
    unlabelled: Tensor
    trial: Trial

    @property
    def size(self) -> int:
        """How many pieces of examples may be given back, counted in examples of a question and four digits."""
        return int(self.trial.options.size)

    @property
    def tasks(self) -> int:
        return TASKS

    @property
    def forms(self) -> int:
        return WORDS

    def copy(self, net: Body | None = None) -> Body:
        return copy.deepcopy(net or self.start).train().requires_grad_(True)

    def words(self, many: int, forms: Sequence[int] = (0,), purpose: str = "words") -> Tensor:
        """(N,) words, the tasks in turn, each in one of the forms. The seeds' form is 0."""
        of = torch.tensor(forms)[torch.randint(len(forms), (many,), generator=self.trial.generator(purpose))]
        return words_of(torch.arange(many) % TASKS, of).to(self.unlabelled.device)

    def task_of(self, questions: Tensor) -> Tensor:
        """(N,) the task that questions (N, 6) name."""
        return task_of(questions[:, 0])

    def reworded(self, questions: Tensor, forms: Sequence[int], purpose: str = "reworded") -> Tensor:
        """The same questions in words of the forms, drawn evenly."""
        of = torch.tensor(forms)[torch.randint(len(forms), (len(questions),), generator=self.trial.generator(purpose))]
        return torch.cat([words_of(self.task_of(questions), of.to(questions.device))[:, None], questions[:, 1:]], 1)

    def questions(self, words: Tensor, figures: Tensor | None = None, purpose: str = "digits") -> Tensor:
        """(N, 6) questions; figures (N, 4) are drawn evenly where none are given."""
        if figures is None:
            figures = torch.randint(DIGITS, (len(words), LENGTH), generator=self.trial.generator(purpose))
        return asked(words, figures.to(words.device))

    def imagined(self, net: Body, words: Tensor, temperature: float = 1.0, purpose: str = "imagined") -> Tensor:
        """(N, 6) questions whose digits a model draws after the word."""
        figures, _ = drawn_pieces(net, words[:, None], LENGTH, (0, DIGITS), self.trial.generator(purpose), temperature)
        return asked(words, figures)

    def answered(self, net: Body, questions: Tensor, shown: Examples | None = None, temperature: float = 0.0,
                 purpose: str = "answered") -> tuple[Tensor, Tensor]:
        """Answers (N, 4) of a model and their log probabilities (N,); `shown` is an example for each question that
        stands before it."""
        prompts = questions if shown is None else torch.cat([shown.asked, shown.answers, questions], 1)
        self.trial.count(answered=len(questions))
        return drawn_pieces(net, prompts, LENGTH, (0, DIGITS), self.trial.generator(purpose), temperature)

    def demonstrations(self, questions: Tensor, purpose: str = "demonstrations") -> Examples:
        """For each question a seed of its task, drawn evenly."""
        same = self.task_of(self.seeds.asked) == self.task_of(questions)[:, None]
        noise = torch.rand(same.shape, generator=self.trial.generator(purpose)).to(same.device)
        return self.seeds.rows((noise * same).argmax(1))

    def taught(self, questions: Tensor) -> Tensor:
        """(N, 4) right answers of a teacher, who is asked as seldom as possible."""
        self.trial.count(teacher=len(questions))
        return right(self.task_of(questions), questions[:, 1:1 + LENGTH])

    def spoilt(self, questions: Tensor, share: float, purpose: str = "spoilt") -> Tensor:
        """(N, 4) answers of a careless teacher: a share follows a wrong variant of the rule."""
        drawn = self.trial.generator(purpose)
        wrong = torch.rand(len(questions), generator=drawn) < share
        variants = torch.where(wrong, torch.randint(1, VARIANTS, (len(questions),), generator=drawn), 0)
        self.trial.count(teacher=len(questions))
        return varied(self.task_of(questions), questions[:, 1:1 + LENGTH], variants.to(questions.device))

    def hard(self, many: int, outcome: float, step: float, forms: Sequence[int] = (0,)) -> Examples:
        """Two tasks, one after the other, each step written out; a share `outcome` ends wrongly, and of those a share
        `step` has a wrong first step as well."""
        o = self.trial.options
        return _hard(min(many, o.pool), outcome, step, forms, self.trial, self.unlabelled.device)

    def steps_of(self, hard: Examples) -> Examples:
        """The single questions that hard examples are made of, with right answers: twice as many."""
        second, first, x = hard.asked[:, 0], hard.asked[:, 1], hard.asked[:, 2:2 + LENGTH]
        middle = right(task_of(first), x)
        questions = torch.cat([asked(first, x), asked(second, middle)])
        self.trial.count(teacher=len(questions))
        return Examples(questions, right(self.task_of(questions), questions[:, 1:1 + LENGTH]))

    def tune(self, net: Body, sets: Sequence[Examples], steps: int | None = None) -> Body:
        """As the arena tunes, for at most its steps."""
        o = self.trial.options
        return tune(net, sets, o.steps if steps is None else min(steps, o.steps), o.rate, self.trial)


def _hard(many: int, outcome: float, step: float, forms: Sequence[int], trial: Trial, where: torch.device,
          purpose: str = "hard") -> Examples:
    drawn = trial.generator(purpose)
    first, second = (torch.randint(TASKS, (many,), generator=drawn) for _ in range(2))
    x = torch.randint(DIGITS, (many, LENGTH), generator=drawn)
    bad, both = (torch.rand(many, generator=drawn) for _ in range(2))
    variants = torch.randint(1, VARIANTS, (2, many), generator=drawn)
    of = torch.tensor(forms)[torch.randint(len(forms), (2, many), generator=drawn)]
    fails = bad < outcome
    middle = varied(first, x, torch.where(fails & (both < step), variants[0], 0))
    last = varied(second, middle, torch.where(fails, variants[1], 0))
    prompts = torch.cat([words_of(second, of[1])[:, None], asked(words_of(first, of[0]), x)], 1)
    return Examples(prompts.to(where), torch.cat([middle, torch.full((many, 1), EQUALS), last], 1).to(where))


