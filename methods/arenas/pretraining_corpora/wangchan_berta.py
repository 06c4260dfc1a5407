"""WangchanBERTa: hidden units of text without blanks between words, in which a blank between clauses is a unit.

    " " -> "<_>" before units are learnt and before text is cut

Departs from the paper: a small encoder, and English without blanks inside clauses for Thai, a blank where a sign
stood. Units never reach over the end of a word, as in text that was cut into words, and nothing marks where one begins.

>>> WangchanBerta().normalise(" "), WangchanBerta().normalise("word")
('<_>', 'word')
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.kit.method import Beats, Card, Paper


class WangchanBerta(PretrainingCorporaMethod):
    card = Card(
        title="WangchanBERTa",
        papers=(Paper("WangchanBERTa: Pretraining transformer-based Thai Language Models", 2021,
                      arxiv="2101.09635"),),
        fidelity="core",
        claims=(Beats("multilingual-text", on="probe_bits", setting="unsegmented", by=0.02),),
    )

    def normalise(self, word):
        return "<_>" if word == " " else word
