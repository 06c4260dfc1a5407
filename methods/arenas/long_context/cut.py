"""Cut: the text falls into pieces of the training length, each read as if nothing came before.

The model never leaves what it knows, and forgets everything 64 places on.
"""

import torch
import torch.nn.functional as F

from methods.arenas.long_context.arena import LongContextMethod
from methods.arenas.long_context.stage.reading import places, turned
from methods.kit.method import Card


class Cut(LongContextMethod):
    card = Card(title="Cut to the training length")

    def attend(self, q, k, v, scene):
        parts = []
        for at in range(0, q.shape[2], scene.trained):
            some = [part[:, :, at:at + scene.trained] for part in (q, k, v)]
            n = some[0].shape[2]
            scene.count(n * (n + 1) / 2, n)
            parts.append(F.scaled_dot_product_attention(
                turned(some[0], places(some[0]), scene.base), turned(some[1], places(some[1]), scene.base), some[2],
                is_causal=True))
        return torch.cat(parts, 2)
