"""kNN-TAPT: hidden words of the labelled windows and of the windows of the domain that are nearest to them.

    own text = labelled windows + for each its k nearest of the domain, by cosine of weighed word counts

Departs from the paper: bags of words weighed by rarity take the place of its small model of bags of words; k is 20 of
3,000 windows.

>>> KnnTapt().values()
{'k': 20}
"""

from methods.arenas.masked_adaptation.stage.neighbours import Neighbours, nearest
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class KnnTapt(Neighbours):
    card = Card(
        title="kNN-TAPT",
        papers=(Paper("Don't Stop Pretraining: Adapt Language Models to Domains and Tasks", 2020, arxiv="2004.10964",
                      covers="nearest text of the domain"),),
        fidelity="core",
        claims=(Beats("random-tapt", on="log_loss"),),
    )

    k: int = param(20, "windows of the domain for each labelled one", low=1, high=200)

    def rows(self, task):
        return nearest(task.labelled, task.texts["domain"], task.words, self.k)
