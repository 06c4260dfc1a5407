"""DrBERT: go on from what has read the domain in another language.

    first half: x of the same domain in the start's language; second half: x of the domain in the task's

Departs from the paper: the language is invented, all its words have other numbers; the foreign model is made on the
way, so that both together have the steps of a model from scratch. Only `new-language` has foreign text of the domain,
elsewhere it reads general text first.

>>> DrBert().values()
{'begin': 'foreign'}
"""

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class DrBert(MaskedAdaptationMethod):
    card = Card(
        title="DrBERT",
        papers=(Paper("DrBERT: A Robust Pre-trained Model in French for Biomedical and Clinical domains", 2023,
                      arxiv="2304.00958"),),
        fidelity="proxy",
        claims=(Matches("from-scratch", on="log_loss", within=0.05, setting="new-language"),
                Beats("no-adaptation", on="log_loss", setting="new-language", by=0.02)),
        reduces_to=("dapt", {"begin": "general"}),
    )

    begin: str = param("foreign", "what is read before the domain: foreign text of it, or nothing but the start's",
                       choices=("foreign", "general"))

    def draw(self, task):
        if self.begin == "foreign" and task.progress < 0.5:
            return task.draw("foreign" if "foreign" in task.texts else "general")
        return task.draw()
