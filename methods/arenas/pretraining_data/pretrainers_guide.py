"""A pretrainer's guide: drop what a quality classifier puts below a threshold, then read what is left.

    keep x where w . sqrt(counts(x)) + b is above its quantile `dropped`

The classifier is linear, over hashed pieces and pairs, the clean sample against the pool.

Departs from the paper: one of its attributes. Age and toxicity have no counterpart in these texts, and left-out
sources are not tested.

>>> int(0.5 * 2560)
1280
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.task import gram_classifier, top
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class PretrainersGuide(PretrainingDataMethod):
    card = Card(
        title="Quality threshold",
        papers=(Paper("A Pretrainer's Guide to Training Data: Measuring the Effects of Data Age, Domain Coverage, "
                      "Quality, & Toxicity", 2023, arxiv="2305.13169", covers="the quality filter"),),
        fidelity="proxy",
        claims=(Beats("random", on="bits_per_byte", by=0.02),),
    )

    dropped: float = param(0.5, "share of the pool below the threshold", low=0.0, high=0.8)

    def choose(self, task):
        likes = gram_classifier(task, task.sample, task.pool[task.random(4 * len(task.sample))])
        return task.random(task.now, top(likes, round((1 - self.dropped) * len(task.pool))))
