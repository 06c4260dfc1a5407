"""GottBERT: the recipe of RoBERTa for one language: hidden units, drawn anew at each visit, and nothing about pairs.

    L = - mean over chosen t of log p(x_t | x~),   each unit chosen for itself at 15 %

Text and units are of the target alone. AmRoBERTa, FERNET (of many kinds of text) and RobBERT (units of its own) are
the same for Amharic, Czech and Dutch.

Departs from the paper: a small encoder, English for the languages; the papers' other models are left out. Rivals
that read other text have the same task.

>>> Gottbert().share
0.15
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.arenas.pretraining_corpora.stage.task import guessed
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


class Gottbert(PretrainingCorporaMethod):
    card = Card(
        title="GottBERT, AmRoBERTa, FERNET, RobBERT",
        papers=(Paper("GottBERT: a pure German Language Model", 2020,
                      arxiv="2012.02110",
                      covers="a model of one language against one of several"),
                Paper("Introducing various Semantic Models for Amharic: Experimentation and Evaluation "
                      "with multiple Tasks and Datasets", 2020,
                      arxiv="2011.01154",
                      covers="words in context against vectors of words"),
                Paper("Comparison of Czech Transformers on Text Classification Tasks", 2021,
                      arxiv="2107.10042",
                      covers="text of many kinds, a model of one language against one of several"),
                Paper("RobBERT: a Dutch RoBERTa-based Language Model", 2020,
                      arxiv="2001.06286",
                      covers="own units against those of another language, and few labels"),),
        fidelity="core",
        claims=(Beats("multilingual-text", on="probe_bits", by=0.02),
                Beats("fast-text", on="probe_bits", by=0.02),
                Beats("robbert-v1", on="probe_bits", by=0.01),
                GainGrows("multilingual-text", on="probe_bits", to="few-labels", by=0.01),),
    )

    share: float = param(0.15, "units that are chosen", low=0.05, high=0.6)

    def loss(self, net, task):
        ids, of = task.draw()
        chosen = task.single(of, self.share)
        return guessed(net, net.states(task.damaged(ids, chosen))[-1], ids, chosen)
