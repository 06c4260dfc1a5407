"""Data, data everywhere: first no copies, then nothing that a language model finds unlikely.

    D = first of near copies (MinHash);   S = random rows of the easier half of D under a model that has read much

Departs from the paper: two of its steps (weights of sources are in the arena of mixing); the threshold of the filter is
the half.

>>> sorted([3, 1, 2, 4])[:2]
[1, 2]
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.copies import first_of_copies
from methods.arenas.pretraining_data.stage.task import top
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class DataEverywhere(PretrainingDataMethod):
    card = Card(
        title="No copies, then a filter",
        papers=(Paper("Data, Data Everywhere: A Guide for Pretraining Dataset Construction", 2024, arxiv="2407.06380",
                      covers="near copies and the quality filter"),),
        fidelity="core",
        claims=(Beats("random", on="bits_per_byte", by=0.05), Beats("dedup-only", on="bits_per_byte", by=0.02)),
        reduces_to=("dedup-only", {"share": 1.0}),
    )

    share: float = param(0.5, "of what is no copy, the easiest part", low=0.2, high=1.0)

    def choose(self, task):
        rows = first_of_copies(task.pool)
        if self.share < 1:
            easy = top(-task.losses(task.teacher)[rows], max(task.now, round(self.share * len(rows))))
            rows = rows[easy.sort().values]
        return task.random(task.now, rows)
