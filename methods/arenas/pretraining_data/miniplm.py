"""MiniPLM: keep what a teacher knows and a small reference model does not.

    r(x) = log p_teacher(x) - log p_reference(x),   S = the rows with the highest r

The reference is a fresh model after 60 batches of the pool, the teacher has read 1,500 batches of clean text.

Departs from the paper: the student goes on from an early start; a quarter is kept instead of half; student and teacher
have one size and differ in what they read.

>>> -1.5 - -2.0                           # a passage of one piece
0.5
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.task import top
from methods.kit.method import Beats, Card, Paper


class Miniplm(PretrainingDataMethod):
    card = Card(
        title="MiniPLM",
        papers=(Paper("MiniPLM: Knowledge Distillation for Pre-Training Language Models", 2024, arxiv="2410.17215"),),
        fidelity="core",
        claims=(Beats("random", on="bits_per_byte", by=0.05), Beats("points-filter", on="bits_per_byte", by=0.02)),
        needs_scale=("A student trained on the chosen text beats one distilled token by token at equal compute.",),
    )

    def choose(self, task):
        return top(task.losses(task.reference) - task.losses(task.teacher), task.now)
