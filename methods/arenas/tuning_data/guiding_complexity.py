"""Guiding complexity: noisy worked examples of hard tasks, and right answers to the very steps they are made of.

    D = A and {(x, f(x)), (f(x), g(f(x)))} for the hard tasks of A, in equal numbers of pieces as the other mixtures

Departs from the paper: wrong steps follow wrong rules that the model knows, in place of a weaker teacher's slips; hard
tasks have two steps.

>>> hard_ones(1200)
333
"""

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def hard_ones(size):
    """Hard examples of 16 pieces, with two steps of ten each, that cost what `size` examples of ten cost."""
    return max(1, 10 * size // 36)


class GuidingComplexity(TuningDataMethod):
    card = Card(
        title="Hard tasks with their subtasks",
        papers=(Paper("Guiding Through Complexity: What Makes Good Supervision for Hard Reasoning Tasks?", 2024,
                      arxiv="2410.20533", covers="hard tasks with matching subtasks"),),
        fidelity="core",
        claims=(Beats("rephrased-hard", on="answer_loss", setting="supervision"),
                Beats("noisy-hard", on="answer_loss", setting="supervision")),
    )

    outcome: float = param(0.3, "share of solutions that end wrongly", low=0.0, high=1.0)
    step: float = param(0.5, "share of those whose first step is wrong as well", low=0.0, high=1.0)

    def make(self, task):
        hard = task.hard(hard_ones(task.size), self.outcome, self.step)
        return [hard, task.steps_of(hard)]
