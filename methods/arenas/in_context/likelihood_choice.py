"""Likelihood choice: of several lists, show the one whose answer the model finds likeliest.

    Z = argmax over n random lists of mean_i max_k log p(k | Z, x_i)

Follows the textbook.

>>> import torch
>>> sure(torch.tensor([[[[0.0, 0.0]]]])).mul(1e4).round().item()                                    # log(1 / 2)
-6931.0
"""

import torch

from methods.arenas.in_context.arena import InContextMethod
from methods.arenas.in_context.stage.task import Prompts
from methods.kit.method import Card
from methods.kit.params import param


def sure(logits):
    """(E, Q): mean log probability of the likeliest answers."""
    return logits.log_softmax(3).amax(3).mean(2)


class LikelihoodChoice(InContextMethod):
    card = Card(title="Likelihood choice")

    lists: int = param(6, "random lists that are compared", low=1, high=40)

    def choose(self, asked, task):
        (e, q, _), p = asked.words.shape, task.pool.topics.shape[1]
        lists = torch.rand(e, self.lists, q, p, device=asked.words.device).argsort(3)[:, :, :, :task.shots]
        with torch.no_grad():
            scores = torch.stack([sure(task.ask(asked.words, Prompts(rows))) for rows in lists.unbind(1)], 1)
        best = scores.argmax(1)[:, None, :, None].expand(-1, -1, -1, lists.shape[3])
        return Prompts(lists.gather(1, best).squeeze(1))
