"""Dynamic quantisation: the dense model is tuned, and rounded to eight bits afterwards.

    W' = round(W S) / S,  S = 127 / max |W| of the matrix;   inputs of maps likewise, S by the largest of each batch

Embeddings are rounded too, so it stores what Q8BERT stores: 51 %, whatever the room.

Follows the textbook.

>>> import torch
>>> from methods.arenas.compression.stage.eight_bits import eight
>>> round(eight(torch.tensor([0.5, 1.0]), torch.tensor(1.0))[0].item() * 127)        # 63.5 is rounded to even
64
"""

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.eight_bits import Eight, EightRows
from methods.arenas.compression.stage.packed import replace_maps
from methods.kit.method import Card


class DynamicQuantization(CompressionMethod):
    card = Card(title="Dynamic quantisation")
    fixed_size = True

    def finish(self, net, task):
        net.embed = EightRows(net.embed.weight)
        replace_maps(net, lambda linear: Eight(linear, 0.0, always=True))
        return net
