"""No mixing: feed-forward parts alone, so that patches meet only in the mean of all tokens.

The floor: what can be told from patches and where they lie.
"""

from torch import nn

from methods.arenas.vision_mixers.arena import VisionMixersMethod
from methods.arenas.vision_mixers.stage.nets import Feed
from methods.kit.method import Card


class Alone(nn.Module):
    """x + feed(norm(x))."""

    def __init__(self, site):
        super().__init__()
        self.norm, self.feed = nn.LayerNorm(site.width), Feed(site.width, site.hidden)

    def forward(self, x):
        return x + self.feed(self.norm(x))


class NoMixing(VisionMixersMethod):
    card = Card(title="No mixing")

    def block(self, site, layer):
        return Alone(site)
