"""Which examples should a small language model be tuned on, when only a few are given?

All is invented. A small transformer has read right and wrong answers to questions on four digits, and so answers by a
mixture of rules. A method is given four examples of each of six tasks, in one of the three words a task has; it may let
the model, or models of other worlds, make up further questions and answer them, or ask a teacher who is always right,
which its counts show. It gives back at most 1,200 examples. The model is then tuned on them for 100 steps of 32, and
asked without any example before the question: 800 questions in the words of the seeds, and as many in other words.

In `supervision` what is asked are two tasks one after the other, with the first result written out, of which the model
has read nothing; a method chooses between worked examples that are often wrong and right answers to the single tasks. A
budget counts pieces: an example of two tasks costs 1.6 of the others. There are three worlds, and the seed takes one.

Rates and strengths are ours or the papers', none was chosen on validation questions. Steps and test questions were made
fewer for their cost, before any score of this arena was seen.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from methods.arenas.tuning_data.stage._checks import leaves_the_models, makes_without_the_test
from methods.arenas.tuning_data.stage.examples import Examples, drawn_pieces, nats, tune
from methods.arenas.tuning_data.stage.task import Task, _hard
from methods.kit.lm_nets import Body
from methods.kit.method import Method
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.digit_starts import WORLDS, start
from methods.kit.stage.digit_tasks import DIGITS, LENGTH, PIECES, questions, right, task_of

COST = 10               # pieces of an example of one task


@dataclass(frozen=True)
class TuningData:
    start: Body
    others: Sequence[Body]
    seeds: Examples
    unlabelled: torch.Tensor
    test: Examples
    reworded: Examples


class TuningDataMethod(Method):
    """The slot: `make` gives the examples to tune on, in one set for each length of question and answer."""

    def make(self, task: Task) -> Sequence[Examples]:
        return [task.seeds]


class TuningDataArena(Arena):
    title = "Tuning data"
    metrics = (
        Metric("answer_loss", "Answer loss", better="lower", unit="nats", help="of a piece of the right answer"),
        Metric("exact_match", "Right answers", unit="%", ceiling=100, help="greedy answers that are right as a whole"),
        Metric("unseen_word_loss", "Loss in other words", better="lower", unit="nats",
               help="of a piece of the right answer, where tasks are named by words that no seed has"),
        Metric("wrong_share", "Wrong examples", better="lower", unit="%", ceiling=0,
               help="examples tuned on whose answer is not right"),
    )
    settings = (
        Setting("default", "four seeds a task", {"hard": False}),
        Setting("supervision", "two tasks in a row", {"hard": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "seeds": 2, "size": 36, "pool": 36, "tests": 24, "unlabelled": 30,
                                 "steps": 3, "rate": 3e-3}),
        "full": Scale(60, 2048, {"small": False, "seeds": 4, "size": 1200, "pool": 1200, "tests": 800,
                                 "unlabelled": 1200, "steps": 100, "rate": 2e-3}),
        "gpu": Scale(600, 8192, {"small": False, "seeds": 4, "size": 9600, "pool": 9600, "tests": 8000,
                                 "unlabelled": 9600, "steps": 1000, "rate": 1e-3}),
    }
    slot = TuningDataMethod
    baseline = "seeds-only"
    checks = (leaves_the_models, makes_without_the_test)

    def data(self, trial: Trial) -> TuningData:
        o, world, where = trial.options, trial.seed % WORLDS, trial.device
        nets = [start((world + i) % WORLDS, o.small, trial.progress).to(where).eval().requires_grad_(False)
                for i in range(WORLDS)]
        if o.hard:
            parts = [_hard(o.tests, 0, 0, forms, trial, where, name)
                     for name, forms in (("test", (0,)), ("reworded", (1, 2)))]
        else:
            parts = [_examples(o.tests, trial, name, forms)
                     for name, forms in (("test", (0,)), ("reworded", (1, 2)))]
        seeds = _examples(6 * o.seeds, trial, "seeds", (0,))
        return TuningData(nets[0], nets[1:], seeds, _examples(o.unlabelled, trial, "unlabelled", (0,)).asked, *parts)

    def run(self, method: TuningDataMethod, data: TuningData, trial: Trial) -> dict[str, float]:
        o = trial.options
        with torch.enable_grad():
            made = [each for each in method.make(Task(data.seeds, data.start, data.others, data.unlabelled, trial))
                    if len(each.asked)]
        used = sum(each.pieces for each in made)
        if used > COST * o.size + len(data.seeds.asked) * COST or not made:
            raise ValueError(f"{method.slug()} gives {used} pieces of examples, {COST * o.size} are allowed")
        if any(int(each.asked.max()) >= PIECES for each in made):
            raise ValueError(f"{method.slug()} gives pieces that no model knows")
        net = tune(copy.deepcopy(data.start).train().requires_grad_(True), made, o.steps, o.rate, trial).eval()
        trial.count(examples=sum(len(each.asked) for each in made))
        length = data.test.answers.shape[1]
        with torch.no_grad():
            said, _ = drawn_pieces(net, data.test.asked, length, (0, DIGITS + 2), trial.generator("greedy"), 0.0)
            scores = {"answer_loss": nats(net, data.test).mean().item(),
                      "exact_match": 100 * (said == data.test.answers).all(1).double().mean().item(),
                      "unseen_word_loss": nats(net, data.reworded).mean().item(), "wrong_share": _wrong(made)}
        trial.record(o.steps, o.steps, answer_loss=scores["answer_loss"])
        return scores

    def shuffle_labels(self, data: TuningData, generator: torch.Generator) -> TuningData:
        order = torch.randperm(len(data.seeds.answers), generator=generator).to(data.seeds.answers.device)
        return replace(data, seeds=replace(data.seeds, answers=data.seeds.answers[order]))


def _examples(many: int, trial: Trial, purpose: str, forms: tuple[int, ...]) -> Examples:
    asked, answers = questions(many, trial.generator(purpose), forms)
    return Examples(asked.to(trial.device), answers.to(trial.device))


def _wrong(made: Sequence[Examples]) -> float:
    """In %, by the last four digits of each answer."""
    wrong = 0.0
    for each in made:
        x, words = each.asked[:, -1 - LENGTH:-1], each.asked[:, :-1 - LENGTH]
        for word in words.flip(1).T:
            x = right(task_of(word), x)
        wrong += float((x != each.answers[:, -LENGTH:]).any(1).sum())
    return 100 * wrong / sum(len(each.asked) for each in made)
