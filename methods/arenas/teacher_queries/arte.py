"""ARTE: the student's own preferences teach the teacher which questions to write.

A generator drafts questions and how they are answered (see `unaligned-generator`): half of the budget, unaligned. A
student is trained on one half of the drafts (their answers at a temperature of one). Of the other half it says what it
prefers: each draft is shown to it for one step of gradient descent, and the draft is the better the more that lowers
its loss on a few labelled pictures. In groups of four the best and the worst make a pair, from which DPO tunes the
generator; the tuned one writes the rest. The student learns the unaligned drafts and the tailored ones.

    L = -log sigmoid(beta [log pi(best) - log pi_0(best) - log pi(worst) + log pi_0(worst)]),   beta = 0.1

Departs from the paper: pictures and temperatures stand in for questions and rationales, a table of probabilities for
the language model that writes them, one step of descent for an example in the student's context. The paper's student
learns tailored examples alone; here the drafts count towards the budget and are kept. Rates are ours;
DPO's steps are the best of 5, 10 and 20 on validation pictures (of all, few steps were best).

>>> import torch
>>> round(dpo(torch.tensor([0.0]), torch.tensor([0.0]), torch.tensor([0.0]), torch.tensor([0.0]), 0.1).item(), 4)
0.6931
"""

import torch
import torch.nn.functional as F
from torch.func import functional_call

from methods.arenas.teacher_queries.arena import TeacherQueriesMethod
from methods.arenas.teacher_queries.stage.drafts import CLUSTERS, Generator
from methods.arenas.teacher_queries.stage.task import soft
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def dpo(best, worst, best_0, worst_0, beta):
    """Mean over pairs of log-probabilities (N,), of the policy and of what it was."""
    return -F.logsigmoid(beta * (best - best_0 - worst + worst_0)).mean()


class Arte(TeacherQueriesMethod):
    card = Card(
        title="ARTE",
        papers=(Paper("Aligning Teacher with Student Preferences for Tailored Training Data Generation", 2024,
                      arxiv="2406.19227"),),
        fidelity="core",
        claims=(Beats("unaligned-generator", on="accuracy"),),
    )
    rounds = 2

    beta: float = param(0.1, "how freely the policy leaves what it was", low=0.01, high=1.0)
    group: int = param(4, "drafts among which the student has a best and a worst", low=2, high=10)
    probe: float = param(0.05, "rate of the one step on a draft", low=1e-3, high=1.0)
    steps: int = param(5, "steps of DPO", low=1, high=500)
    rate: float = param(0.1, "rate of DPO", low=1e-3, high=1.0)

    def queries(self, task, many):
        if not len(task.asked):
            self.generator = Generator(task.pool, task.some(CLUSTERS))
            self.actions = self.generator.draw(many)
            return self.generator.write(self.actions)
        self._align(task)
        tailored = self.generator.draw(many)
        self.actions = torch.cat([self.actions, tailored])
        return self.generator.write(tailored)

    def lessons(self, task):
        return task.asked, task.answers / Generator.heat(self.actions)

    def _preferences(self, task, first):
        """(M,) how much a step on each draft from row `first` on lowers the loss on the few labelled pictures."""
        student = task.student(slice(0, first))
        weights = {name: value.detach() for name, value in student.named_parameters()}
        told = (task.answers / Generator.heat(self.actions))[first:]

        def few():
            return F.cross_entropy(functional_call(student, weights, (task.few_x,)), task.few_y).item()

        kept, before, gains = weights, few(), []
        for x, answer in zip(task.asked[first:], told, strict=True):
            grads = torch.autograd.grad(soft(student(x[None]), answer[None]).sum(), list(student.parameters()))
            weights = {name: value - self.probe * grad for (name, value), grad in
                       zip(kept.items(), grads, strict=True)}
            gains.append(before - few())
        task.count(gradients=len(gains))
        return torch.tensor(gains, device=task.device)

    def _align(self, task):
        first = len(task.asked) // 2
        gains, actions = self._preferences(task, first), self.actions[first:]
        whole = len(gains) // self.group * self.group
        ranked = gains[:whole].view(-1, self.group)
        of = torch.arange(len(ranked), device=task.device) * self.group
        best, worst = actions[of + ranked.argmax(1)], actions[of + ranked.argmin(1)]
        with torch.no_grad():
            best_0, worst_0 = self.generator.log_p(best), self.generator.log_p(worst)
        optimizer = torch.optim.Adam(self.generator.parameters(), self.rate)
        for _ in range(self.steps):
            optimizer.zero_grad(set_to_none=True)
            dpo(self.generator.log_p(best), self.generator.log_p(worst), best_0, worst_0, self.beta).backward()
            optimizer.step()
