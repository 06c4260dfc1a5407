"""Word edits: change the questions of the seeds a little and keep their answers.

Two digits of a question swap places, or one becomes another digit; what the edit does to the answer is not asked.

    x' = x with two digits swapped or one replaced;   y' = y

Departs from the paper: of its four edits swapping is used, and replacement by any digit in place of a synonym, as
digits have none; a question has a fixed length, so nothing is put in or left out. One edit a question, which may change
nothing.

>>> swapped(torch.tensor([[1, 2, 3, 4]]), torch.tensor([0]), torch.tensor([2])).tolist()
[[3, 2, 1, 4]]
"""

import torch

from methods.arenas.tuning_data.arena import TuningDataMethod
from methods.arenas.tuning_data.stage.examples import Examples
from methods.kit.method import Card, Paper


def swapped(x, i, j):
    """Columns i (N,) and j (N,) of each row change places."""
    rows, y = torch.arange(len(x), device=x.device), x.clone()
    y[rows, i], y[rows, j] = x[rows, j], x[rows, i]
    return y


class WordEdits(TuningDataMethod):
    card = Card(
        title="Word edits (EDA)",
        papers=(Paper("EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks",
                      2019, arxiv="1901.11196"),),
        fidelity="core",
    )

    def make(self, task):
        many = task.size
        base = task.seeds.rows(torch.arange(many, device=task.seeds.asked.device) % len(task.seeds.asked))
        i, j = torch.randint(4, (2, many), device=base.asked.device)
        digits = base.asked[:, 1:5]
        replaced = digits.scatter(1, i[:, None], torch.randint(10, (many, 1), device=digits.device))
        digits = torch.where(torch.rand(many, 1, device=digits.device) < 0.5, swapped(digits, i, j), replaced)
        return [task.seeds.joined(Examples(task.questions(base.asked[:, 0], digits), base.answers))]
