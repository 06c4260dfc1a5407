"""Original model: the one before the skill was trained away.

    theta = theta_original

Follows the textbook.

>>> OriginalModel().starts_from
'original'
"""

from methods.arenas.suppressed_skills.arena import SuppressedSkillsMethod
from methods.kit.method import Card


class OriginalModel(SuppressedSkillsMethod):
    card = Card(title="Model before the refusal")

    starts_from = "original"
