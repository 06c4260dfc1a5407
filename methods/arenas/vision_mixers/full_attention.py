"""Full attention: every patch attends to all patches.

    softmax(q k^T / sqrt d) v over all tokens of a picture, in every block, each before a feed-forward part

Departs from the paper: size, patches and classifier (the mean of the tokens, no class token) are the arena's.

>>> import torch
>>> from methods.arenas.vision_mixers.stage.nets import attend
>>> one = torch.ones(1, 1, 2, 4)
>>> attend(one, one, torch.tensor([[[[1.0], [3.0]]]]))[0, :, 0].tolist()          # equal keys: the mean
[2.0, 2.0]
"""

from methods.arenas.vision_mixers.arena import VisionMixersMethod
from methods.arenas.vision_mixers.stage.nets import Everywhere
from methods.kit.method import Beats, Card, Paper


class FullAttention(VisionMixersMethod):
    card = Card(
        title="Full attention (ViT)",
        papers=(Paper("An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale", 2020,
                      arxiv="2010.11929"),),
        fidelity="core",
        claims=(Beats("no-mixing", on="label_bits"),),
    )

    def mixer(self, site, layer):
        return Everywhere(site)
