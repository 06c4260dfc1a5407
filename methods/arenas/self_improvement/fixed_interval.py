"""Fixed interval: ask the model to look again after every second attempt.

    y_k = most frequent of all attempts so far, shown before the mark;   two attempts after each mark;   all vote

Follows the textbook.

>>> import torch
>>> most_agreed(torch.tensor([[[1], [2], [2]]]))[0].tolist()
[[2]]
"""

import torch

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.arenas.self_improvement.stage.sampling import most_agreed
from methods.kit.method import Card
from methods.kit.params import param


class FixedInterval(SelfImprovementMethod):
    card = Card(title="Marks at a fixed interval")

    interval: int = param(2, "attempts between marks", low=1, high=8)

    def answer(self, net, asked, task):
        attempts = None
        for k in range(-(-task.samples // self.interval)):
            prompts = asked if attempts is None else task.again(asked, most_agreed(attempts)[0])
            many = min(self.interval, task.samples - self.interval * k)
            said, _ = task.sample(net, prompts, many, purpose=f"stretch {k}")
            attempts = said if attempts is None else torch.cat([attempts, said], 1)
        return most_agreed(attempts)
