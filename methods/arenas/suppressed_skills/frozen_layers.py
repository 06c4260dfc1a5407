"""Frozen layers: only the last block is fine-tuned.

    theta_L <- theta_L - eta grad_{theta_L} L(theta; examples),   all other weights as they are

Follows the textbook.

>>> from methods.arenas.suppressed_skills.stage.worlds import blank
>>> sum(p.numel() for p in blank(0, True).blocks[-1].parameters()) > 1000
True
"""

from methods.arenas.suppressed_skills.arena import SuppressedSkillsMethod
from methods.kit.method import Card


class FrozenLayers(SuppressedSkillsMethod):
    card = Card(title="Tuning of the last block")

    def change(self, net, task):
        return task.tune(net, task.asked, task.answers, net.blocks[-1].parameters())
