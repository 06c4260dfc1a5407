"""LoRA+: let the matrix that starts at zero learn faster than the random one.

LoRA trains both factors at one rate. In a wide network that is inefficient: for both to matter equally to what is
learnt, the factor that starts at zero must move by larger steps than the random one, the more so the wider the network.
A fixed ratio of about sixteen is what the paper recommends.

    A <- A - eta * G_A,   B <- B - lam * eta * G_B,   lam = 16,   G the optimiser's directions

Departs from the paper: query, value and both maps of the feed-forward part are changed, as for every low-rank method
here. The ratio multiplies the arena's rates, of which the best one on validation counts, as the paper tunes eta.

>>> LoraPlus(ratio=4.0).rates(0.001)                                                          # of A and of B
(0.001, 0.004)
"""

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import LowRank, replace_linears
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class LoraPlus(PeftMethod):
    card = Card(
        title="LoRA+",
        papers=(Paper("LoRA+: Efficient Low Rank Adaptation of Large Models", 2024, arxiv="2402.12354"),),
        fidelity="faithful",
        claims=(Beats("lora", on="target_accuracy"), Beats("lora", on="early_loss")),
        reduces_to=("lora", {"ratio": 1.0}),
    )

    r: int = param(4, "rank of the change of a weight", low=1, high=8)
    alpha: float = param(8.0, "size of the change; divided by the rank", low=0.5, high=64.0)
    ratio: float = param(16.0, "rate of the factor that starts at zero over that of the other", low=1.0, high=64.0)

    def rates(self, rate):
        """Of the random factor and of the one that starts at zero."""
        return rate, self.ratio * rate

    def adapt(self, net, task):
        self.layers = replace_linears(net, lambda linear: LowRank(linear, self.r, self.alpha / self.r))

    def advance(self, net, task):
        if not task.enters(0.0):
            return
        fast = [layer.b for layer in self.layers]
        moved = {id(p) for p in fast}
        for group in task.optimizer.param_groups:
            group["params"] = [p for p in group["params"] if id(p) not in moved]
        rate = self.rates(task.rate)[1]
        task.optimizer.add_param_group({"params": fast, "base": rate, "lr": rate})
