"""No tuning: the model that refuses, as it is.

    theta = theta_aligned

Follows the textbook.

>>> NoTuning().change("model", None)
'model'
"""

from methods.arenas.suppressed_skills.arena import SuppressedSkillsMethod
from methods.kit.method import Card


class NoTuning(SuppressedSkillsMethod):
    card = Card(title="No tuning")
