"""Short cuts: long training texts made of windows of different documents.

The model trains at the new length and base, and nothing further off than a window is ever of use.
"""

import torch

from methods.arenas.long_context.arena import LongContextMethod
from methods.kit.method import Card


class ShortCuts(LongContextMethod):
    card = Card(title="Cut at the short length")
    trains = True

    def batch(self, mix, many):
        return torch.stack([torch.cat([self._window(mix, at) for at in mix.drawn(mix.shares, mix.windows)])
                            for _ in range(many)])

    def _window(self, mix, source):
        sizes = torch.tensor([float(len(each)) for each in mix.documents[source]])
        each = mix.documents[source][int(torch.multinomial(sizes, 1, generator=mix.generator))]
        return each[int(torch.randint(len(each), (), generator=mix.generator))]
