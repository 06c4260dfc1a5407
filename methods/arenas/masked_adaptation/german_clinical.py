"""German clinical models: go on from the general start on text of the domain that was translated, or that is native.

    L = - mean over chosen t of log p(x_t | x~), x translated word by word, or native

Departs from the paper: the language is invented and a translation is a word for a word, with 15 % wrong words and the
other language's order; general and native text are of one source. Only `new-language` has translated text, elsewhere it
is the domain with 15 % wrong words.

>>> GermanClinical().values()
{'source': 'translated'}
"""

import torch

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class GermanClinical(MaskedAdaptationMethod):
    card = Card(
        title="German clinical models",
        papers=(Paper("Comprehensive Study on German Language Models for Clinical and Biomedical Text Understanding",
                      2024, arxiv="2404.05694"),),
        fidelity="proxy",
        claims=(Beats("no-adaptation", on="log_loss", setting="new-language", by=0.02),),
        reduces_to=("dapt", {"source": "native"}),
    )

    source: str = param("translated", "whether text of the domain is translated or native",
                        choices=("translated", "native"))

    def draw(self, task):
        if self.source == "native":
            return task.draw()
        if "translated" in task.texts:
            return task.draw("translated")
        ids = task.draw()
        return torch.where(task.lots(*ids.shape) < 0.15, task.any_words(*ids.shape), ids)
