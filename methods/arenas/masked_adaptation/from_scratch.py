"""From scratch: random weights that guess hidden words of the domain, then meet the labels.

    theta_0 random; L = - mean over chosen t of log p(x_t | x~)

What the start's general text is worth.

>>> FromScratch().adapts
True
"""

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.kit.method import Card


class FromScratch(MaskedAdaptationMethod):
    card = Card(title="From scratch in the domain")

    def prepare(self, task):
        return task.blank()
