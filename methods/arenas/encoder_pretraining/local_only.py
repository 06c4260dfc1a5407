"""Local attention only: related texts in one window, but every word looks at near words alone.

    L = - mean over masked t of log p(x_t | x~),   attention within 8 words

>>> local(3, None, 0).int().tolist()
[[1, 0, 0], [0, 1, 0], [0, 0, 1]]
"""

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.task import LINKED, guessed
from methods.arenas.encoder_pretraining.stage.windows import local
from methods.arenas.encoder_pretraining.stage.words import MASK
from methods.kit.method import Card


class LocalOnly(EncoderPretrainingMethod):
    card = Card(title="Local attention only")

    def loss(self, net, task):
        ids, _, _ = task.pair((LINKED,))
        chosen = task.choose(ids, 0.15)
        shown = ids.masked_fill(chosen, MASK)
        return guessed(net, self.states(net, shown)[-1], ids, chosen)

    def states(self, net, ids):
        return net.states(ids, mask=local(ids.shape[1], None))
