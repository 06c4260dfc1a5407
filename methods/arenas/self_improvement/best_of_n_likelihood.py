"""Best of n by likelihood: of several samples the one that the model finds likeliest.

    y = argmax_i log p(y_i | x);   confidence log p(y | x)

Follows the textbook.

>>> import torch
>>> picked(torch.tensor([[[3], [5]]]), torch.tensor([[-2.0, -1.0]]))[0].tolist()
[[5]]
"""

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.arenas.self_improvement.stage.sampling import picked
from methods.kit.method import Card


class BestOfNLikelihood(SelfImprovementMethod):
    card = Card(title="Best of n by likelihood")

    def answer(self, net, asked, task):
        return picked(*task.sample(net, asked, task.samples))
