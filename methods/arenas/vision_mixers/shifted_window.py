"""Shifted windows: in every second block the windows lie half a window further.

    softmax(q k^T / sqrt d + b) v inside windows; odd blocks roll the grid by half a window before, and back after,
    and tokens that the roll made neighbours do not see each other

Departs from the paper: one stage, no merging of patches; positions are also added to the tokens, as for all.

>>> from methods.arenas.vision_mixers.stage.nets import Site
>>> mixer = ShiftedWindow().mixer(Site(8, 1, 8, 4, 8, 4), 1)
>>> mixer.shift, int(mixer.mask[0].isinf().sum()), int(mixer.mask[1].isinf().sum())     # 2 * 8 * 8 pairs are cut
(2, 0, 128)
"""

from methods.arenas.vision_mixers.arena import VisionMixersMethod
from methods.arenas.vision_mixers.stage.nets import Windowed
from methods.kit.method import Beats, Card, Paper


class ShiftedWindow(VisionMixersMethod):
    card = Card(
        title="Shifted windows (Swin)",
        papers=(Paper("Swin Transformer: Hierarchical Vision Transformer using Shifted Windows", 2021,
                      arxiv="2103.14030"),),
        fidelity="core",
        claims=(Beats("window-attention", on="label_bits"), Beats("window-attention", on="label_bits", setting="far")),
    )

    def mixer(self, site, layer):
        return Windowed(site, site.window // 2 if layer % 2 else 0)
