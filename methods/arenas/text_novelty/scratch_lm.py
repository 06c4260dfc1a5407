"""Language model from scratch: how likely a text is by a model that has read normal texts alone.

    s(x) = mean over i of log p(x_i | x_<i)

Follows the textbook.

>>> import math
>>> round(math.log(1 / 512), 2)                    # of a model that has read nothing
-6.24
"""

from methods.arenas.text_novelty.arena import TextNoveltyMethod
from methods.arenas.text_novelty.stage.task import likelihood
from methods.kit.method import Card


class ScratchLm(TextNoveltyMethod):
    card = Card(title="Language model from scratch")

    def fit(self, task):
        self.net = task.learn(task.fresh())

    def score(self, windows, task):
        return likelihood(self.net, windows)
