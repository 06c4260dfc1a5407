"""Average policy: learn to ask by playing against kinds drawn evenly.

A small network's word is added to the expected information; it learns by policy gradients (REINFORCE) from games whose
answers the table gives. What the robust policy is measured against: the same network, games and steps, no adversary.

    chance of question j ~ exp(20 I_j + net_j(belief, asked, answered))
    grad = mean (wrong - mean wrong) grad log chance

Follows the textbook.

>>> import torch
>>> from methods.arenas.twenty_questions.stage.policies import Played, score_function
>>> played = Played(torch.tensor([1.0, 0.0]), torch.tensor([3.0, 1.0]), torch.zeros(2))
>>> score_function(played).item()                                               # (0.5 * 3 - 0.5 * 1) / 2
0.5
"""

import torch

from methods.arenas.twenty_questions.arena import QuestionsMethod
from methods.arenas.twenty_questions.stage.policies import Policy, play, score_function
from methods.kit.method import Card
from methods.kit.params import param


class AveragePolicy(QuestionsMethod):
    card = Card(title="Average policy")

    rate: float = param(3e-4, "learning rate of the policy", choices=(3e-4, 1e-3, 3e-3))

    def prepare(self, task):
        o = task.trial.options
        self.policy = Policy(task)
        optimizer = torch.optim.Adam(self.policy.parameters(), self.rate)
        for _ in range(2 * o.updates):
            kinds = torch.randint(len(task.table), (o.played,), generator=task.generator).to(task.table.device)
            loss = score_function(play(self.policy, task.table[kinds], kinds, task))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    def ask(self, games, task):
        with torch.no_grad():
            return self.policy(games).argmax(1)
