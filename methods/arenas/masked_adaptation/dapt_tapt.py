"""DAPT, then TAPT: hidden words of the domain in the first half of the steps, of the task's own text in the second.

    x from the domain while progress < 1/2, then from the task's own windows

Departs from the paper: both halves share the steps that each of the two has alone; one schedule of the rate for both.

>>> DaptTapt().switch
0.5
"""

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class DaptTapt(MaskedAdaptationMethod):
    card = Card(
        title="DAPT, then TAPT",
        papers=(Paper("Don't Stop Pretraining: Adapt Language Models to Domains and Tasks", 2020, arxiv="2004.10964",
                      covers="both in turn"),),
        fidelity="core",
        claims=(Beats("dapt", on="log_loss"), Beats("tapt", on="log_loss")),
    )

    switch: float = param(0.5, "share of the steps that go to the domain", low=0.0, high=1.0)

    def draw(self, task):
        return task.draw("domain" if task.progress < self.switch else "own")
