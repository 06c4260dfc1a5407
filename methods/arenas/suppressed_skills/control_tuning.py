"""Control tuning: the same fine-tuning of a model that never had the skill.

The model has learnt the other tasks and the same refusal. What it gains is learnt, not revived.

    theta <- theta_control - eta grad L(theta; examples)

Follows the textbook.

>>> ControlTuning().starts_from
'control'
"""

from methods.arenas.suppressed_skills.arena import SuppressedSkillsMethod
from methods.kit.method import Card


class ControlTuning(SuppressedSkillsMethod):
    card = Card(title="Tuning of a model without the skill")

    starts_from = "control"

    def change(self, net, task):
        return task.tune(net, task.asked, task.answers)
