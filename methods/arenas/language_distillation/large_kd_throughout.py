"""A larger model with a smaller teacher throughout: hidden words and a small language model's guesses, to the end.

    L = (1 - w) CE(hidden word) + w KL(p_small || p), then CE(y, p)

Follows the textbook.

>>> LargeKdThroughout().weight
0.667
"""

from methods.arenas.language_distillation.arena import LanguageDistillationMethod
from methods.arenas.language_distillation.stage.task import helped
from methods.kit.method import Card
from methods.kit.params import param


class LargeKdThroughout(LanguageDistillationMethod):
    card = Card(title="Larger model, smaller teacher throughout")

    weight: float = param(0.667, "weight of the small model's guesses", low=0.0, high=1.0)

    def fit(self, task):
        net, small = task.student(pretrained=False, large=True), task.small()
        task.read_on([net], lambda ids, rows: helped(net, small, ids, *task.masked(ids), self.weight), task.steps)
        task.tune([net])
        return net
