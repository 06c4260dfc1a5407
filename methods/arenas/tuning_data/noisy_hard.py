"""Noisy hard supervision: worked examples of the hard task itself, of which many end wrongly.

    D = (two tasks in a row, both steps);   a share e ends wrongly, of which a share s has a wrong first step too

Departs from the paper: wrong steps follow wrong rules that the model knows, in place of a weaker teacher's slips; hard
tasks have two steps.

>>> many(1200, 16)
750
"""

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def many(size, pieces):
    """Examples of so many pieces each that cost what `size` examples of ten cost."""
    return max(1, 10 * size // pieces)


class NoisyHard(TuningDataMethod):
    card = Card(
        title="Noisy hard supervision",
        papers=(Paper("Guiding Through Complexity: What Makes Good Supervision for Hard Reasoning Tasks?", 2024,
                      arxiv="2410.20533", covers="hard tasks with errors"),),
        fidelity="core",
        claims=(Beats("clean-subtasks", on="answer_loss", setting="supervision"),
                Beats("clean-subtasks", on="exact_match", setting="supervision")),
    )

    outcome: float = param(0.3, "share of solutions that end wrongly", low=0.0, high=1.0)
    step: float = param(0.5, "share of those whose first step is wrong as well", low=0.0, high=1.0)

    def make(self, task):
        return [task.hard(many(task.size, 16), self.outcome, self.step)]
