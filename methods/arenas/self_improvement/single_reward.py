"""Single reward: one model learns from pairs which answer is better, and chooses.

    loss = -log sigmoid(r(x, y_better) - r(x, y_worse));   y = argmax_i r(x, y_i)

Follows the textbook.

>>> import torch
>>> round(-torch.tensor(0.0).sigmoid().log().item(), 4)
0.6931
"""

import torch.nn.functional as F

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.arenas.self_improvement.stage.sampling import picked
from methods.arenas.self_improvement.stage.scorers import Scorer, scores_of
from methods.kit.method import Card


class SingleReward(SelfImprovementMethod):
    card = Card(title="Single reward model")

    def improve(self, net, task):
        p = task.preferences
        self.reward = Scorer(net)
        task.descend(self.reward, lambda rows: -F.logsigmoid(
            self.reward(p.asked[rows], p.better[rows]) - self.reward(p.asked[rows], p.worse[rows])).mean(),
            len(p.asked))
        return net

    def answer(self, net, asked, task):
        said, _ = task.sample(net, asked, task.samples)
        return picked(said, scores_of(self.reward, asked, said))
