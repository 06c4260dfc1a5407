"""TAPT: guess hidden words of the task's own text, many times over.

    L = - mean over chosen t of log p(x_t | x~), x from the task's own windows

Departs from the paper: the own text is 200 windows of which 40 have labels, nearer to its curated text than to its
training sets; as many steps as on the domain; the encoder is then frozen and a linear probe asked, where the paper
tunes all of it.

>>> Tapt().share
0.15
"""

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.kit.method import Beats, Card, Paper


class Tapt(MaskedAdaptationMethod):
    card = Card(
        title="TAPT",
        papers=(Paper("Don't Stop Pretraining: Adapt Language Models to Domains and Tasks", 2020, arxiv="2004.10964",
                      covers="task-adaptive pretraining"),),
        fidelity="core",
        claims=(Beats("no-adaptation", on="log_loss", by=0.02),),
    )

    def draw(self, task):
        return task.draw("own")
