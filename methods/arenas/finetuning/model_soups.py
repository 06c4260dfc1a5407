"""Greedy model soup: average the weights of those tuned models that help the average.

Several models are tuned from one start with different learning rates. They lie in one basin, so the average of their
weights is itself a good network, at the price of one. The greedy soup takes the models in the order of their
validation accuracy and keeps each only if the average does not get worse by it; the uniform soup takes all.

    S <- S + {i} if val(mean(S + {i})) >= val(mean(S))

Departs from the paper: the models share one run's budget and differ in learning rate and batches alone.

>>> greedy([0.5, 0.9, 0.8], lambda kept: {(1,): 0.9, (1, 2): 0.95, (1, 2, 0): 0.7}[tuple(kept)])
[1, 2]
"""

from methods.arenas.finetuning.stage.several_runs import SeveralRuns, mean_of
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def greedy(scores, score_of):
    """Indices kept: best first, each if `score_of` (of a list of indices) does not fall by it."""
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    kept, best = order[:1], scores[order[0]]
    for i in order[1:]:
        reached = score_of([*kept, i])
        if reached >= best:
            kept, best = [*kept, i], reached
    return kept


class ModelSoups(SeveralRuns):
    card = Card(
        title="Greedy model soup",
        papers=(Paper("Model soups: averaging weights of multiple fine-tuned models improves accuracy without "
                      "increasing inference time", 2022, arxiv="2203.05482"),),
        fidelity="faithful",
        claims=(Beats("best-single-run", on="target_accuracy"),
                Beats("best-single-run", on="shifted_accuracy"),
                Matches("logit-ensemble", on="target_accuracy", within=1.0)),
    )

    many: int = param(4, "how many models share the budget", low=1, high=8)
    kind: str = param("greedy", "which models go into the average", choices=("greedy", "uniform"))
    rates = (1.0, 0.5, 2.0, 1.0)

    def finish(self, net, task):
        if self.kind == "uniform":
            kept = range(len(self.members))
        else:
            kept = greedy([self.accuracy(net, member, task) for member in self.members],
                          lambda which: self.accuracy(net, mean_of([self.members[i] for i in which]), task))
        net.load_state_dict(mean_of([self.members[i] for i in kept]))
        return net
