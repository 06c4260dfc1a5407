"""Gold tuning: train the model on the questions whose answers are known, then draw once.

    loss = -log p(y* | x) over the labelled questions

Follows the textbook.

>>> GoldTuning.card.title
'Tuning on known answers'
"""

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.kit.method import Card


class GoldTuning(SelfImprovementMethod):
    card = Card(title="Tuning on known answers")

    def improve(self, net, task):
        return task.tune(net, task.labelled.asked, task.labelled.answers)
