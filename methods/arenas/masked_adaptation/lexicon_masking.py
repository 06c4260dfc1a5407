"""Lexicon masking: words of a lexicon of the domain are hidden first, then any, up to the same share.

    chosen = words of the lexicon, up to 15 % of the window, filled up with others

The lexicon are the 300 words that are most frequent in the domain against general text, by unlabelled text alone.

Departs from the paper: the lexicon is counted, where it takes one of psychology; 15 % are hidden, as by all here, where
it hides 20 %; every word is whole, and frequent enough to be one.

>>> LexiconMasking().values()
{'size': 300}
"""

import torch

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.arenas.masked_adaptation.stage.sizes import RESERVED
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class LexiconMasking(MaskedAdaptationMethod):
    card = Card(
        title="Lexicon masking",
        papers=(Paper("Chinese MentalBERT: Domain-Adaptive Pre-training on Social Media for Chinese Mental Health Text "
                      "Analysis", 2024, arxiv="2402.09151"),),
        fidelity="core",
        claims=(Beats("dapt", on="log_loss"),),
    )

    size: int = param(300, "how many words the lexicon has", low=1, high=1000)

    def prepare(self, task):
        general = task.texts["general"].flatten().bincount(minlength=task.words).float()
        ratio = (task.counts + 1) / task.counts.sum() * general.sum() / (general + 1)
        ratio[:RESERVED] = 0
        self.lexicon = torch.zeros(task.words, device=task.device)
        self.lexicon[ratio.topk(min(self.size, task.words - RESERVED)).indices] = 1
        return task.start()

    def hide(self, ids, task):
        return task.choose(ids, self.share, self.lexicon[ids])
