"""Random path: of all ways to adapt the network's layers, one drawn at random.

The same supernet as NFTS has, and no search: each layer is fixed, has an adapter, is tuned, or both, as it falls.

    path ~ all of {fixed, adapter, tuned, both}^4,   then five steps of Adam in each episode

Follows the textbook.

>>> from methods.arenas.few_shot_pretraining.stage.adapted import PATHS
>>> len(PATHS)
256
"""

import torch

from methods.arenas.few_shot_pretraining.arena import PretrainingMethod
from methods.arenas.few_shot_pretraining.stage.adapted import PATHS, adapted, answers, supernet
from methods.arenas.few_shot_pretraining.stage.task import rate_factor
from methods.kit.method import Card
from methods.kit.params import param


class RandomPath(PretrainingMethod):
    card = Card(title="Random path")
    adapts = True

    rate: float = rate_factor(3.0)
    pace: float = param(3.0, "factor on the rate of the steps in an episode", choices=(0.3, 1.0, 3.0))

    def fit(self, task):
        self.net = supernet(task, self.rate)
        self.path = PATHS[int(torch.randint(len(PATHS), (1,), generator=task.generator))]
        return self.net.encoder

    def settle(self, net, task):
        """As they were when the adapters learnt."""

    def classify(self, asked, task):
        drawings = asked.support_x[0]
        weights, _ = adapted(self.net, self.path, drawings, self.pace)
        return answers(self.net, self.path, weights, drawings, asked.query_x[0])[None]
