"""No pretraining: the encoder as it was drawn.

    theta = theta_random

>>> NoPretraining().values()
{}
"""

import math

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.kit.method import Card


class NoPretraining(EncoderPretrainingMethod):
    card = Card(title="No pretraining")
    cost = math.inf

    def prepare(self, task):
        return task.blank()
