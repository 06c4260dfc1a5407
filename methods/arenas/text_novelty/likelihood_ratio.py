"""Likelihood ratio: how much likelier a text has become by tuning.

    s(x) = mean over i of log p_tuned(x_i | x_<i) - log p_before(x_i | x_<i)

Departs from the paper: what the ratio is taken to is the model before it was tuned, and not one of texts with noise.

>>> -3.0 - -4.0
1.0
"""

from methods.arenas.text_novelty.arena import TextNoveltyMethod
from methods.arenas.text_novelty.stage.task import likelihood
from methods.kit.method import Card, Paper


class LikelihoodRatio(TextNoveltyMethod):
    card = Card(title="Likelihood ratio",
                papers=(Paper("Likelihood Ratios for Out-of-Distribution Detection", 2019, arxiv="1906.02845"),),
                fidelity="core")

    def score(self, windows, task):
        return likelihood(task.tuned(), windows) - likelihood(task.reader(), windows)
