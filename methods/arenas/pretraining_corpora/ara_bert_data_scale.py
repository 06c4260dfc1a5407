"""Data scale: the same model, units' number and steps, on four times the text.

    text 4 T,   steps and weights as before: each window is read a quarter as often

Departs from the paper: a small encoder, English for Arabic; its models that write what was
hidden are left out, so two of its four comparisons are. Units are learnt on the larger text as
well, and the steps do not reach all of it.

>>> AraBertDataScale.phases, AraBertDataScale.amount
(((('more',), 1.0),), 0.4)
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Beats, Card, Paper


class AraBertDataScale(PretrainingCorporaMethod):
    card = Card(
        title="Four times the text",
        papers=(Paper("On the importance of Data Scale in Pretraining Arabic Language Models", 2024,
                      arxiv="2401.07760"),),
        fidelity="core",
        claims=(Beats("larger-model", on="probe_bits", by=0.01),
                Beats("gottbert", on="probe_bits", by=0.005),),
    )
    phases = ((("more",), 1.0),)
    amount = 0.4                # of ten times the text
