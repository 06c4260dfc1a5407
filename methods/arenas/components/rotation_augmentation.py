"""Rotation augmentation: show every image turned by 0, 90, 180 and 270 degrees under one label.

The usual way to use a transformation: the network must answer the same for all four. It is the
plain rival of methods that ask which turn was applied. A quarter of each batch is
used, four times over, so the number of images passed is that of everybody else; text has nothing to turn.

    loss = mean_j CE(f(t_j(x)), y)

>>> quarter_turns(torch.tensor([[[[1, 2], [3, 4]]]])).flatten(1).tolist()
[[1, 2, 3, 4], [2, 4, 1, 3], [4, 3, 2, 1], [3, 1, 4, 2]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Card


class RotationAugmentation(ComponentsMethod):
    card = Card(title="Rotation augmentation",
                waivers={"every-image-is-answered-alone": "its body has batch normalisation"})

    def norm(self, channels, site):
        return nets.BatchNorm(channels)

    def backward(self, model, x, y):
        if x.dim() < 4:
            return super().backward(model, x, y)
        kept = -(-len(x) // 4)
        loss = F.cross_entropy(model(quarter_turns(x[:kept])), y[:kept].repeat(4))
        loss.backward()
        return loss.detach()


def quarter_turns(x):
    """(N, 1, H, W) -> (4N, 1, H, W): all images unturned, then all turned once, twice, three times."""
    return torch.cat([x.rot90(turns, (2, 3)) for turns in range(4)])
