"""Window attention: every patch attends to those of its own window.

    softmax(q k^T / sqrt d + b) v among the 4 x 4 tokens of a window, b learnt for each offset

No window learns of another before the mean of all tokens. What shifted windows are compared with.
"""

from methods.arenas.vision_mixers.arena import VisionMixersMethod
from methods.arenas.vision_mixers.stage.nets import Windowed
from methods.kit.method import Card


class WindowAttention(VisionMixersMethod):
    """
    >>> from methods.arenas.vision_mixers.stage.nets import Site
    >>> WindowAttention().mixer(Site(8, 1, 8, 4, 8, 4), 0).attention.pairs
    16
    """

    card = Card(title="Window attention")

    def mixer(self, site, layer):
        return Windowed(site)
