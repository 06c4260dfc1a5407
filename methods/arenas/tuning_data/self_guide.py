"""SELF-GUIDE: the model writes questions and answers for its own tuning, and rules take out what is odd.

Questions are drawn hot after the word, and those that are there twice or repeat a seed are left out. Answers are drawn
cold after seeds of the task. What rules can tell of an answer is kept: it must have the digits' form, and not be
given to many different questions. The temperature of answers is chosen on the seeds: the one whose answers, when
another seed is shown, agree most with the known ones.

    x ~ p(x | word)^(1/T_x), new;   y ~ p(y | seed, x)^(1/T_y);   T_y = argmax agreement on seeds

Departs from the paper: the tasks are its own; length never varies, so that the filter by length cannot act, and an
answer's rule is how often it comes; one seed is shown, which is what the model can read; the search is over T_y alone.

>>> repeated(torch.tensor([[1, 2], [1, 2], [3, 4]])).tolist()
[False, True, False]
"""

import torch

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def repeated(rows):
    """(N,) whether the same row has come before."""
    _, where = torch.unique(rows, dim=0, return_inverse=True)
    at = torch.arange(len(rows), device=rows.device)
    first = torch.full((len(rows),), len(rows), device=rows.device).scatter_reduce(0, where, at, "amin")
    return first[where] < at


class SelfGuide(TuningDataMethod):
    card = Card(
        title="SELF-GUIDE",
        papers=(Paper("SELF-GUIDE: Better Task-Specific Instruction Following via Self-Synthetic Finetuning", 2024,
                      arxiv="2407.12874"),),
        fidelity="core",
        claims=(Beats("seeds-only", on="answer_loss"), Beats("no-filter", on="answer_loss")),
    )

    heat: float = param(1.2, "temperature of questions", low=0.5, high=3.0)
    often: int = param(6, "questions of a task with the same answer that are kept", low=0, high=100)

    def make(self, task):
        cold = max((0.0, 0.3, 0.7), key=lambda t: self._agreement(task, t))
        questions = task.imagined(task.start, task.words(2 * task.size), self.heat)
        known = torch.cat([task.seeds.asked, questions])
        questions = questions[~repeated(known)[len(task.seeds.asked):]]
        answers, _ = task.answered(task.start, questions, task.demonstrations(questions), cold)
        _, where, counts = torch.unique(torch.cat([questions[:, :1], answers], 1), dim=0, return_inverse=True,
                                        return_counts=True)
        kept = torch.nonzero(counts[where] <= self.often)[:task.size, 0]
        return [task.seeds.joined(Examples(questions, answers).rows(kept))]

    def _agreement(self, task, temperature):
        asked = task.seeds.asked
        shown = task.seeds.rows(torch.arange(len(asked), device=asked.device).sub(task.tasks) % len(asked))
        said, _ = task.answered(task.start, asked, shown, temperature, purpose="search")
        return (said == task.seeds.answers).float().mean().item()
