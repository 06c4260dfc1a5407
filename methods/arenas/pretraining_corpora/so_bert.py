"""SOBert: hidden units of code and what is said about it, in rows four times as long, with units of its own.

    L = - mean over chosen t of log p(x_t | x~),   rows of 4 T units, a quarter as many

Departs from the paper: the standard library's code, with what is said in it, for questions and answers of
programmers; its tasks are replaced by one question, of which kind a word is. At tests rows have the arena's length.

>>> SoBert.long
4
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Beats, Card, Paper


class SoBert(PretrainingCorporaMethod):
    card = Card(
        title="SOBert",
        papers=(Paper("Stack Over-Flowing with Results: The Case for Domain-Specific Pre-Training Over "
                      "One-Size-Fits-All Models", 2023,
                      arxiv="2306.03268"),),
        fidelity="core",
        claims=(Beats("general-text", on="probe_bits", setting="code", by=0.03),
                Beats("general-large", on="probe_bits", setting="code", by=0.01),),
    )
    long = 4
