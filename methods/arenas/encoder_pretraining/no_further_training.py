"""No further training: the encoder that everybody begins with.

    theta = theta_0

>>> NoFurtherTraining().values()
{}
"""

import math

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.kit.method import Card


class NoFurtherTraining(EncoderPretrainingMethod):
    card = Card(title="No further training")
    cost = math.inf
