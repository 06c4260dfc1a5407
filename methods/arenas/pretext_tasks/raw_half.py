"""Raw half: name the digit from its pixels.

The ridge head reads the upper half as it is and learns from labels alone. The reference of this arena.

    f(x1) = x1

Follows the textbook.

>>> import torch
>>> RawHalf().fit(None, None, None)(torch.tensor([[0.5, 0.25]])).tolist()
[[0.5, 0.25]]
"""

from methods.arenas.pretext_tasks.arena import PretextMethod
from methods.kit.method import Card


class RawHalf(PretextMethod):
    card = Card(title="Raw half")
