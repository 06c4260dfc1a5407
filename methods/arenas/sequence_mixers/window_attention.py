"""Window attention: softmax attention to the last eight positions.

    softmax(q k^T / sqrt d) v over the 8 positions up to one's own

What nearby positions alone give.

>>> import torch
>>> from methods.arenas.sequence_mixers.stage.nets import Site, Softmax
>>> mixer, x = Softmax(Site(8, 2, 0, 2, 64, 32), window=8), torch.randn(1, 20, 8)
>>> other = torch.cat([torch.zeros(1, 12, 8), x[:, 12:]], 1)
>>> torch.allclose(mixer(x)[:, 19], mixer(other)[:, 19])
True
"""

from methods.arenas.sequence_mixers.arena import SequenceMixersMethod
from methods.arenas.sequence_mixers.stage.nets import Softmax
from methods.kit.method import Card
from methods.kit.params import param


class WindowAttention(SequenceMixersMethod):
    card = Card(title="Attention to the last positions")

    window: int = param(8, "positions that one sees, its own among them", low=2, high=64)

    def mixer(self, site):
        return Softmax(site, window=self.window)
