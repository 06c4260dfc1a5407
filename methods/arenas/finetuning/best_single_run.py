"""Best single run: tune several models at different learning rates and keep the one that validates best."""

from methods.arenas.finetuning.stage.several_runs import SeveralRuns
from methods.kit.method import Card
from methods.kit.params import param


class BestSingleRun(SeveralRuns):
    card = Card(title="Best single run")

    many: int = param(4, "how many models share the budget", low=1, high=8)
    rates = (1.0, 0.5, 2.0, 1.0)

    def finish(self, net, task):
        best = max(self.members, key=lambda member: self.accuracy(net, member, task))
        net.load_state_dict(best)
        return net
