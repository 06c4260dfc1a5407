"""Random pairs combiner: the network of `genecis-combiner`, trained on pairs of any two pictures.

The word is any one of the target's caption, also one that the reference's has; the rest differs as chance has it.

    L = -log softmax_j(s F(image_i, text_i) . target_j)_i over a batch, s = 10

Follows the textbook.

>>> import torch
>>> round(info_nce(torch.eye(2), torch.eye(2), 1.0).item(), 4)             # -log e / (e + 1)
0.3133
"""

import torch

from methods.arenas.conditional_retrieval.arena import ConditionalRetrievalMethod
from methods.arenas.conditional_retrieval.stage.combiner import Combiner
from methods.arenas.conditional_retrieval.stage.task import WIDTH, info_nce
from methods.kit.method import Card


class RandomPairsCombiner(ConditionalRetrievalMethod):
    card = Card(title="Random pairs combiner")

    def fit(self, task):
        self.net = Combiner(WIDTH, task.options.hidden).to(task.device)

        def loss(many):
            source, target, slot = (torch.randint(high, (many,)).to(task.device) for high in
                                    (len(task.image), len(task.image), 4))
            word = task.captions[target].gather(1, slot[:, None])
            return info_nce(self.net(task.image[source], task.text(word)), task.image[target], task.options.scale)

        task.train(self.net, loss)

    def combine(self, image, text):
        return self.net(image, text)
