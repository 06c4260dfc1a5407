"""Academic-budget BERT: half the length, a wider model, and a rate that is zero when the budget ends.

    L = - mean over 15 % chosen t of log p(x_t | x~),   eta from a straight line up (6 %) and a straight line down to 0

No question about pairs; only chosen places are projected on words. The encoder is 1.5 times as wide, windows are cut in
two; a step of as many words costs 2.25 plain ones. It begins from random weights, as its rival does.

Departs from the paper: 1.5 times the width stands for its large model; batch and precision are the arena's.

>>> falling(0.03, 100), falling(1.0, 100)
(0.6666666666666666, 0.0)
"""

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.task import guessed
from methods.kit.method import Beats, Card, Paper


def falling(progress, steps):
    """Up over 6 % of the steps, then down to zero, in straight lines."""
    return min((progress * steps + 1) / (0.06 * steps), (1 - progress) / 0.94)


class AcademicBudgetBert(EncoderPretrainingMethod):
    card = Card(
        title="Academic-budget BERT",
        papers=(Paper("How to Train BERT with an Academic Budget", 2021, arxiv="2104.07705"),),
        fidelity="core",
        claims=(Beats("masked-language-model-scratch", on="cloze_bits", by=0.02),),
    )
    cost = 2.25

    def prepare(self, task):
        self.length = task.length // 2
        return task.blank(width=1.5)

    def rate(self, task):
        return falling(task.progress, task.steps)

    def loss(self, net, task):
        ids = task.draw()
        ids = ids.view(-1, self.length)
        chosen = task.choose(ids, 0.15)
        return guessed(net, net(task.damaged(ids, chosen)), ids, chosen)

    def states(self, net, ids):
        """Longer windows are read in parts of the length that was trained."""
        return [x.view(*ids.shape, -1) for x in net.states(ids.view(-1, self.length))]
