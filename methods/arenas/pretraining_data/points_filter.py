"""POINTS' filter: keep what a strong model finds easiest.

    S = rows with the lowest -mean log p_teacher(x_i | x_<i)

Departs from the paper: a quarter is kept for a fifth; text alone, captions without pictures; its soup of models tuned
on several data sets is not run.

>>> sorted([2.1, 5.0, 3.3])[:1]
[2.1]
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.task import top
from methods.kit.method import Beats, Card, Paper


class PointsFilter(PretrainingDataMethod):
    card = Card(
        title="POINTS filter",
        papers=(Paper("POINTS: Improving Your Vision-language Model with Affordable Strategies", 2024,
                      arxiv="2409.04828", covers="filtering by perplexity"),),
        fidelity="core",
        claims=(Beats("random", on="bits_per_byte", by=0.02), Beats("whole-pool", on="bits_per_byte", by=0.02)),
    )

    def choose(self, task):
        return top(-task.losses(task.teacher), task.now)
