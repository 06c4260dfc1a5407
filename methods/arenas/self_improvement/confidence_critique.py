"""Confidence and critique tuning: teach a second attempt to keep what was right and to mend what was wrong.

How often a second attempt is right is what it keeps times what was right, and what it mends times the rest. Training on
both forms is to lift both: a right first answer that is kept, and a wrong one that is mended.

    acc_2 = acc_1 CL + (1 - acc_1) CS;   loss = -log p(y* | x, y*, mark) and -log p(y* | x, y_wrong, mark), half each

Departs from the paper: a mark stands for the words that ask for a second look; the first attempt is trained as well, in
a third of the rows, so that a model that has only a few known answers can compete with plain tuning on them.

>>> after(0.5, 0.8, 0.4)
0.6
"""

import torch

from methods.arenas.self_improvement.arena import SelfImprovementMethod
from methods.arenas.self_improvement.stage.sampling import log_p
from methods.kit.method import Beats, Card, Paper


def after(first, keeps, mends):
    """How many second attempts are right."""
    return round(first * keeps + (1 - first) * mends, 10)


class ConfidenceCritique(SelfImprovementMethod):
    card = Card(
        title="Confidence and critique tuning",
        papers=(Paper("Confidence v.s. Critique: A Decomposition of Self-Correction Capability for LLMs", 2024,
                      arxiv="2412.19513"),),
        fidelity="core",
        claims=(Beats("gold-tuning", on="exact_match", setting="two-turn"),
                Beats("gold-tuning", on="keeps", setting="two-turn"),
                Beats("gold-tuning", on="mends", setting="two-turn")),
    )

    def improve(self, net, task):
        asked, known = task.labelled.asked, task.labelled.answers
        said, _ = task.sample(net, asked, 4, purpose="first attempts")
        rows = torch.arange(len(asked), device=asked.device)
        wrong = torch.stack([~task.right(rows, each) for each in said.unbind(1)], 1)
        has = wrong.any(1)
        first = said[rows, wrong.float().argmax(1)]
        keep, mend = task.again(asked, known), task.again(asked[has], first[has])

        def loss(picked):
            part = picked % 3
            total = asked.new_zeros((), dtype=torch.float)
            for at, (prompts, answers) in enumerate(((asked, known), (keep, known), (mend, known[has]))):
                own = picked[part == at] // 3 % max(1, len(prompts))
                if len(own) and len(prompts):
                    total = total - log_p(net, prompts[own], answers[own]).sum() / answers.shape[1] / len(picked)
            return total

        return task.descend(net, loss, 3 * len(asked))
