"""SCoRe: learn by reward, in two stages, to mend one's own first attempt.

The first stage rewards second attempts alone and holds first ones where they were; the second rewards both, and adds to
the second's reward a multiple of what it gained on the first.

    stage 1: E[r(y_2)] - beta_2 KL(pi(y_1) || pi_0(y_1)) - beta_1 KL of both turns
    stage 2: E[r(y_1) + r(y_2) + alpha (r(y_2) - r(y_1))] - beta_1 KL of both turns

Rewards are compared with the mean of a question's other samples. Rates are the arena's; alpha, beta_1 and beta_2 are
the paper's.

Departs from the paper: a mark stands for the words that ask for a correction; a turn's reward reaches that turn's
pieces alone; there are 24 updates in each stage and known answers to 72 questions.

>>> leave_one_out(torch.tensor([[1.0, 0.0]])).tolist()
[[1.0, -1.0]]
"""

import torch

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def leave_one_out(rewards):
    """Each reward less the mean of the others of its question (N, K)."""
    k = rewards.shape[1]
    return (rewards - rewards.mean(1, keepdim=True)) * k / max(1, k - 1)


def turns(net, start, prompts, said):
    """(N,) log probability of answers, and the divergence of their pieces from the first model's."""
    ids, at = torch.cat([prompts, said], 1), prompts.shape[1] - 1
    now = net(ids[:, :-1])[:, at:].log_softmax(2)
    with torch.no_grad():
        base = start(ids[:, :-1])[:, at:].log_softmax(2)
    return now.gather(2, said[:, :, None]).sum((1, 2)), (now.exp() * (now - base)).sum((1, 2))


class Score(SelfImprovementMethod):
    card = Card(
        title="SCoRe",
        papers=(Paper("Training Language Models to Self-Correct via Reinforcement Learning", 2024,
                      arxiv="2409.12917"),),
        fidelity="core",
        claims=(Beats("sft-on-corrections", on="gain", setting="two-turn"),
                Beats("single-sample", on="gain", setting="two-turn")),
        waivers={"knob:alpha": "the model of smoke runs is never right, so all rewards are zero"},
    )

    alpha: float = param(10.0, "weight of what the second attempt gained", low=0.0, high=20.0)
    hold: float = param(0.1, "weight of holding first attempts, in the first stage", low=0.0, high=10.0)
    near: float = param(0.01, "weight of staying near the first model", low=0.0, high=10.0)
    updates: int = param(24, "updates of each stage", low=1, high=200)
    samples: int = param(4, "pairs of attempts at a question", low=2, high=16)

    def improve(self, net, task):
        asked, k = task.labelled.asked, self.samples

        def stage(last):
            def loss(rows):
                of = rows[:24].repeat_interleave(k)
                purpose = f"update {task.trial.counts.get('gradients', 0)}"
                one = task.sample(net, asked[of], purpose=f"{purpose} first")[0][:, 0]
                again = task.again(asked[of], one)
                two = task.sample(net, again, purpose=f"{purpose} second")[0][:, 0]
                r1, r2 = (task.right(of, y).float().view(-1, k) for y in (one, two))
                (p1, kl1), (p2, kl2) = turns(net, task.start, asked[of], one), turns(net, task.start, again, two)
                if not last:
                    return (self.hold * kl1 + self.near * (kl1 + kl2) - leave_one_out(r2).flatten() * p2).mean()
                second = leave_one_out(r2 + self.alpha * (r2 - r1)).flatten()
                return -(leave_one_out(r1).flatten() * p1 + second * p2).mean() + self.near * (kl1 + kl2).mean()
            return loss

        for last in (False, True):
            task.descend(net, stage(last), len(asked), self.updates)
        return net
