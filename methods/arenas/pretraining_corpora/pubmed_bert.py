"""PubMedBERT: hidden whole words of the domain's own text, cut into units of its own, from random weights.

    L = - mean over units t of chosen words of log p(x_t | x~);   15 % of words, 80 % masked, 10 % exchanged, 10 % left

CamemBERT is the same for a language, of many kinds of text instead of one; the study of law asks where its gain over
general text is large. The arena's references hide units, each chosen for itself, as `gottbert` does.

Departs from the paper: a small encoder of 512 units, science of all kinds and source code for medicine and law,
English for French; no question about pairs of sentences, which the models of medicine and law are asked too; words
are chosen each for itself; the score of how special a domain is, a difference of two models' losses, is not computed.

>>> PubmedBert.phases, PubmedBert.units_of
(((('target',), 1.0),), ())
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.arenas.pretraining_corpora.stage.task import guessed
from methods.kit.method import Beats, Card, GainGrows, Matches, Paper


class PubmedBert(PretrainingCorporaMethod):
    card = Card(
        title="PubMedBERT, CamemBERT",
        papers=(Paper("Domain-Specific Language Model Pretraining for Biomedical Natural Language "
                      "Processing", 2020,
                      arxiv="2007.15779",
                      covers="the domain alone against general text and against going on from it"),
                Paper("CamemBERT: a Tasty French Language Model", 2019,
                      arxiv="1911.03894",
                      covers="many kinds of text of one language against one kind, and against more"),
                Paper("When Does Pretraining Help? Assessing Self-Supervised Learning for Law and the "
                      "CaseHOLD Dataset", 2021,
                      arxiv="2104.08671",
                      covers="how the gain over general text grows with how special the domain is"),),
        fidelity="core",
        claims=(Beats("continued-text", on="probe_bits", setting="domain", by=0.02),
                Beats("general-text", on="probe_bits", setting="domain", by=0.03),
                Beats("one-source", on="probe_bits", by=0.02),
                Matches("ten-times-text", on="probe_bits", within=0.02),
                GainGrows("general-text", on="probe_bits", from_="domain", to="code", by=0.01),),
    )

    def loss(self, net, task):
        ids, of = task.draw()
        chosen = task.whole(of, 0.15)
        return guessed(net, net.states(task.damaged(ids, chosen))[-1], ids, chosen)
