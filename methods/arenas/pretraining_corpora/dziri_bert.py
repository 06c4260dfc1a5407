"""DziriBERT: hidden units of the little text there is of a dialect, cut into its own units, from random weights.

    L = - mean over chosen t of log p(x_t | x~),   each unit chosen for itself at 15 %

BERTu is the same for a language with little text, of several kinds instead of one. The loss is that of `gottbert`.

Departs from the paper: a small encoder; the dialect is English respelled, consonants by rules and vowels in one of
two ways, since no text of a dialect is at hand.

>>> DziriBert.phases
((('target',), 1.0),)
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Beats, Card, Matches, Paper


class DziriBert(PretrainingCorporaMethod):
    card = Card(
        title="DziriBERT, BERTu",
        papers=(Paper("DziriBERT: a Pre-trained Language Model for the Algerian Dialect", 2021,
                      arxiv="2109.12346",
                      covers="little text of a dialect against twenty times as much of languages"),
                Paper("Pre-training Data Quality and Quantity for a Low-Resource Language: New Corpus "
                      "and BERT Models for Maltese", 2022,
                      arxiv="2205.10517",
                      covers="several kinds of text against one, random weights against a multilingual start"),),
        fidelity="core",
        claims=(Beats("multilingual-text", on="probe_bits", setting="scarce", by=0.02),
                Beats("one-source", on="probe_bits", setting="scarce", by=0.02),
                Matches("mbertu", on="probe_bits", setting="scarce", within=0.02),),
        reduces_to=("gottbert", {}),
    )
