"""SimMIM, narrow: the same with a transformer of half the width.

For the question whether a larger network loses more where there are few pictures.

    width = max(16, arena's width / 2)

>>> narrowed(32), narrowed(192)
(16, 96)
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.losses import hidden_distance
from methods.arenas.visual_pretraining.stage.masked import MaskToken
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Card
from methods.kit.params import param


def narrowed(width):
    return max(16, width // 2 // 16 * 16)


class SimmimNarrow(VisualPretrainingMethod):
    card = Card(title="SimMIM, half as wide")

    rate: float = rate_factor(1.0)
    ratio: float = param(0.6, "share of the patches hidden", low=0.1, high=0.9)

    def network(self, task):
        encoder = task.encoder(narrowed(task.width))
        return task.parts(encoder, hide=MaskToken(encoder))

    def loss(self, net, x, task):
        patches, hidden = net.encoder.patches(x), task.mask(len(x), self.ratio)
        return hidden_distance(net.hide(net.encoder, patches, hidden), patches, hidden)
