"""Robust query policy: learn to ask by playing against the worst worlds of every degree of hardness.

A world is a chance of a yes for every question; how hard it is, is one over the rate at which evidence can grow in it.
For each of three degrees a policy learns against the worst worlds that are at most as hard: worlds move to where it
fails, and a move that makes one too hard or another kind is taken back. What these policies lose is what can be lost
there at best; then one policy learns to be nowhere much worse than that.

    1 / C(w) = max_l min_k' sum_j l_j E_w[log p_kj(answer) / p_k'j(answer)],   l shares of the questions
    V_r = min over policies of max_{w: C(w) <= r} wrong(w);   then min over policies of max_r (max_w wrong(w) - V_r)

Departs from the paper: the guess is the arena's, answers are yes or no and C that of this likelihood, not of a linear
model with Gaussian noise; the policy's network adds to the expected information, for so few games; 32 worlds a game
round and degree; the maxima are softmax-weighted means over worlds and degrees (temperature 0.1), and both kinds of
gradient are by the score function. Steps and constants are ours; it plays as many games as the average policy.

>>> import torch
>>> from methods.arenas.twenty_questions.stage.policies import hardness
>>> table = torch.tensor([[0.9, 0.5], [0.1, 0.5]])
>>> round(1 / hardness(table[:1], table).item(), 3)                             # 0.8 log 9: all on the first question
1.758
"""

import torch

from methods.arenas.twenty_questions.arena import QuestionsMethod
from methods.arenas.twenty_questions.stage.policies import Policy, hardness, kind_of, play, score_function
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

SHARP = 0.1


class RobustQueryPolicy(QuestionsMethod):
    card = Card(
        title="Robust query policy",
        papers=(Paper("Learning to Actively Learn: A Robust Approach", 2020, arxiv="2010.15382"),),
        fidelity="core",
        claims=(Beats("average-policy", on="worst_kinds"), Beats("information-gain", on="worst_kinds"),
                Beats("soft-binary-search", on="worst_kinds")),
    )

    rate: float = param(3e-3, "learning rate of the policies", choices=(3e-4, 1e-3, 3e-3))
    degrees: int = param(3, "degrees of hardness", low=1, high=5)
    climb: float = param(0.3, "how far worlds move to where the policy fails, in logits", low=0.0, high=1.0)

    def prepare(self, task):
        o = task.trial.options
        table, levels = task.table, torch.linspace(0, 1, self.degrees + 1)[1:]
        hard = hardness(table, table)
        bounds = [hard.quantile(level).item() for level in levels]
        each = max(4, o.played // 4)
        values = []
        for bound in bounds:
            policy, worlds = Policy(task), [self.start(table, hard, bound, each, task)]
            seen = self.learn(policy, worlds, [bound], [0.0], 4 * o.updates // self.degrees, task)
            values.append(sum(seen) / len(seen))
        self.policy = Policy(task)
        worlds = [self.start(table, hard, bound, each, task) for bound in bounds]
        self.learn(self.policy, worlds, bounds, values, 4 * o.updates // self.degrees, task)

    def start(self, table, hard, bound, many, task):
        """Worlds (many, D) that are table rows at most as hard as the bound."""
        rows = (hard <= bound * 1.0001).nonzero()[:, 0]
        return table[rows[torch.randint(len(rows), (many,), generator=task.generator).to(rows.device)]].clone()

    def learn(self, policy, groups, bounds, values, updates, task):
        """Descend on the policy and ascend on the worlds of each degree; returns what the worst ones lost lately."""
        optimizer, lost = torch.optim.Adam(policy.parameters(), self.rate), []
        kept = [kind_of(worlds, task.table) for worlds in groups]
        mean = [0.5 * torch.ones(len(worlds), device=worlds.device) for worlds in groups]
        for update in range(updates):
            worlds = torch.cat(groups).requires_grad_()
            played = play(policy, worlds, torch.cat(kept), task)
            gradient, = torch.autograd.grad(((played.wrong - played.wrong.mean()) * played.answering).sum(), worlds,
                                            retain_graph=True)
            start, weights, worst = 0, [], []
            for i, (group, bound) in enumerate(zip(groups, bounds, strict=True)):
                part = slice(start, start + len(group))
                start += len(group)
                mean[i] = 0.8 * mean[i] + 0.2 * played.wrong[part]
                weights.append((mean[i] / SHARP).softmax(0))
                worst.append((weights[-1] * mean[i]).sum() - values[i])
                groups[i] = self.moved(group, gradient[part], bound, kept[i], task.table)
            of_degrees = (torch.stack(worst) / SHARP).softmax(0)
            loss = score_function(played, torch.cat([w * d for w, d in zip(weights, of_degrees, strict=True)]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            lost += [max(worst).item()] if update >= updates // 2 else []
        return lost

    def moved(self, worlds, gradient, bound, kinds, table):
        logits = worlds.logit(1e-3)
        away = logits + self.climb * (gradient * worlds * (1 - worlds)).sign() * (gradient != 0)
        new = away.sigmoid()
        fine = (kind_of(new, table) == kinds) & (hardness(new, table, 8) <= bound)
        return torch.where(fine[:, None], new, worlds).detach()

    def ask(self, games, task):
        with torch.no_grad():
            return self.policy(games).argmax(1)
