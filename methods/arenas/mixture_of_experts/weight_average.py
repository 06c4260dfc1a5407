"""Weight average: one dense model, the mean of all that have read a field.

    theta = 1/F sum_i theta_i;   when one more arrives, (F theta + theta_new) / (F + 1)

Then it trains on. Without specialists it is the dense model.

>>> from methods.arenas.mixture_of_experts.stage.task import Body, averaged
>>> a, b = Body(8, 16, 1, 1), Body(8, 16, 1, 1)
>>> bool((averaged([a, b], [0.75, 0.25]).norm.weight == 1).all())
True
"""

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.arenas.mixture_of_experts.stage.task import averaged
from methods.kit.method import Card


class WeightAverage(MixtureMethod):
    card = Card(title="Weight average")

    def build(self, task):
        return averaged(task.specialists) if task.specialists else task.net()

    def grow(self, net, specialist, task):
        many = len(task.specialists)
        return averaged([net, specialist], [many / (many + 1), 1 / (many + 1)])
