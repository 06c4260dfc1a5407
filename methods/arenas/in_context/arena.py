"""Which demonstrations, in which order and with which weight, should a frozen model see before it answers?

A small model translates words by the demonstrations before them: it was trained on many invented dictionaries and is
never trained again. A run has 60 tasks, each with a dictionary of its own that no model has seen, 32 demonstrations of
three word pairs, of which a tenth are wrong in every pair, and 50 sentences of six words to translate: 18,000 words.
Four demonstrations may be shown, so that most sentences cannot be covered whole. Words come by topic, some far oftener
than others. Everything is invented: no text of any language is read. There are five models, and the seed takes one.
They trust later demonstrations more and favour some translations, because in their training it was right to do so.

In `fixed-list` there are a third of the tasks with three times the sentences, and all of a task see one list of six;
three demonstrations in ten are wrong, and 16 sentences with their answers are there to try up to 30 lists on. In `many`
16 demonstrations may be shown. In `shift` the features by which sentences are compared are of a style that no
demonstration has; in the others there is one style.

Rates and strengths are the papers' or ours, none was chosen on validation sentences, and each file says which. So a
method below another may be below it for that.

What was set after looking at scores: how the models begin their training, as others learnt nothing in that time.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from methods.arenas.in_context.stage._checks import answers_without_the_key, leaves_the_model_frozen
from methods.arenas.in_context.stage._data import ContextData, context_data
from methods.arenas.in_context.stage.task import Asked, Prompts, Task, answers_of, likelihood, spread
from methods.kit.method import Method
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial

SAME = {"shots": 4, "wrong": 0.1, "style": 0.0, "fixed": False, "fewer": 1}


class InContextMethod(Method):
    """The slot: `choose` for who looks at each sentence, `one` for who chooses a list for all of a task."""

    sees_right = False               # which demonstrations are right: an upper bound, not a contestant

    def prepare(self, task: Task) -> None:
        """Called once, before any sentence."""

    def one(self, task: Task) -> Prompts:
        """One list for each task: rows and weights are (E, K). At random, unless a method knows better."""
        e, p = task.pool.topics.shape
        return Prompts(torch.rand(e, p, device=task.pool.topics.device).argsort(1)[:, :task.shots])

    def choose(self, asked: Asked, task: Task) -> Prompts:
        """What each sentence is shown."""
        return for_each(self.one(task), asked.words)

    def answer(self, asked: Asked, prompts: Prompts, task: Task) -> Tensor:
        """Logits (E, Q, L, V) of the translations."""
        return task.ask(asked.words, prompts)


def for_each(prompts: Prompts, words: Tensor) -> Prompts:
    """A list a task, for each of its sentences."""
    weights = None if prompts.weights is None else spread(prompts.weights, words)
    return replace(prompts, rows=spread(prompts.rows, words), weights=weights)


class InContext(Arena):
    title = "Demonstrations for a frozen model"
    metrics = (
        Metric("log_loss", "Log loss", better="lower", unit="nats", chance=3.689, help="of a word's translation"),
        Metric("word_accuracy", "Word accuracy", unit="%", chance=2.5, ceiling=100, help="words translated rightly"),
        Metric("order_flips", "Flips by order", better="lower", unit="%", ceiling=0,
               help="words translated otherwise when the same demonstrations are shown the other way round"),
    )
    settings = (
        Setting("default", "four for each sentence", SAME),
        Setting("fixed-list", "one list of six for all, three in ten wrong",
                {**SAME, "shots": 6, "wrong": 0.3, "fixed": True, "fewer": 3}),
        Setting("many", "sixteen for each sentence", {**SAME, "shots": 16}),
        Setting("shift", "compared by features of an unknown style", {**SAME, "style": 2.0}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "tasks": 3, "questions": 6, "validation": 4, "pool": 20, "length": 6,
                                 "topics": 4, "skew": 1.0, "evaluations": 4}),
        "full": Scale(60, 2048, {"small": False, "tasks": 60, "questions": 50, "validation": 16, "pool": 32,
                                 "length": 6, "topics": 8, "skew": 1.0, "evaluations": 30}),
        "gpu": Scale(600, 8192, {"small": False, "tasks": 1000, "questions": 50, "validation": 16, "pool": 32,
                                 "length": 6, "topics": 8, "skew": 1.0, "evaluations": 80}),
    }
    slot = InContextMethod
    baseline = "random-demonstrations"
    checks = (leaves_the_model_frozen, answers_without_the_key)

    def data(self, trial: Trial) -> ContextData:
        return context_data(trial)

    def run(self, method: InContextMethod, data: ContextData, trial: Trial) -> dict[str, float]:
        o = trial.options
        pool = data.pool if method.sees_right else replace(data.pool, right=None)
        task = Task(pool, data.validation, data.model, o.shots, o.fixed, trial)
        asked, answers = replace(data.test, answers=None), answers_of(data.test)
        method.prepare(task)
        prompts = for_each(method.one(task), asked.words) if o.fixed else method.choose(asked, task)
        with torch.no_grad():
            logits = method.answer(asked, prompts, task)
            turned = method.answer(asked, _reversed(prompts), task)
        if logits.shape[:3] != answers.shape or not torch.isfinite(logits).all():
            raise ValueError(f"{method.slug()}: finite logits for each word are wanted")
        if prompts.rows.shape[2] > o.shots:
            raise ValueError(f"{method.slug()} shows {prompts.rows.shape[2]} demonstrations, {o.shots} are allowed")
        said = logits.argmax(3)
        scores = {"log_loss": -likelihood(logits, answers).mean().item(),
                  "word_accuracy": 100 * (said == answers).double().mean().item(),
                  "order_flips": 100 * (said != turned.argmax(3)).double().mean().item()}
        trial.record(1, 1, log_loss=scores["log_loss"])
        return scores

    def shuffle_labels(self, data: ContextData, generator: torch.Generator) -> ContextData:
        """Every demonstration, shown or for choosing, means something drawn anew."""
        mixed = [torch.randint(data.model.words, t.shape, generator=generator).to(t.device)
                 for t in (data.pool.targets, answers_of(data.validation))]
        return replace(data, pool=replace(data.pool, targets=mixed[0]),
                       validation=replace(data.validation, answers=mixed[1]))


def _reversed(prompts: Prompts) -> Prompts:
    weights = None if prompts.weights is None else prompts.weights.flip(2)
    return replace(prompts, rows=prompts.rows.flip(2), weights=weights)
