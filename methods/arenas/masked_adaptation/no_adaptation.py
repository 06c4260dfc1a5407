"""No adaptation: the start meets the labels as it is.

    theta = theta_0

The weak reference.

>>> NoAdaptation().adapts
False
"""

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.kit.method import Card


class NoAdaptation(MaskedAdaptationMethod):
    card = Card(title="No adaptation")
    adapts = False
