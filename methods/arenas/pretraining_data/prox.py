"""ProX: a small model writes a program for every passage, and the program is run.

    drop_doc() where p(good | x) < 1/2;   remove_lines(i) for parts of eight pieces with p(good | part) < `sure`

Two logistic rules, taught by 304 annotated passages, write the programs.

Departs from the paper: rules in place of a language model that writes; the annotation says whether a passage is spoilt,
not where; texts are not normalised; no passage is left with less than half of its parts.

>>> [("drop_doc",) if p < 0.5 else ("keep_doc",) for p in (0.1, 0.8)]
[('drop_doc',), ('keep_doc',)]
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.labelled import Editor, without
from methods.kit.lm_reading import EMPTY
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Prox(PretrainingDataMethod):
    card = Card(
        title="ProX",
        papers=(Paper("Programming Every Example: Lifting Pre-training Data Quality like Experts at Scale", 2024,
                      arxiv="2409.17115"),),
        fidelity="proxy",
        claims=(Beats("random", on="bits_per_byte", by=0.02), Beats("document-filter", on="bits_per_byte")),
        reduces_to=("document-filter", {"sure": 0.0}),
    )

    sure: float = param(0.2, "chance of being good under which a part is removed", low=0.0, high=0.9)

    def rewrite(self, pool, task):
        self.whole, parts = Editor(task).chances(task, pool)
        bad = (parts < self.sure) & (parts < parts.median(1, keepdim=True).values)
        return without(pool, bad, EMPTY)

    def choose(self, task):
        return task.random(task.now, (self.whole >= 0.5).nonzero()[:, 0])
