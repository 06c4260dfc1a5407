"""Target seen: half of every batch is of the style that is asked, in other fonts.

What is left of the loss when the style is known and only the fonts are new. The upper end of this arena, not a
contestant.
"""

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.kit.method import Card


class TargetSeen(DomainGeneralizationMethod):
    card = Card(title="Target style seen (upper bound)")
    sees_target = True
