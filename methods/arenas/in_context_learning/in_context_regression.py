"""In-context regression: a frozen network that has read number after number answers new functions from pairs alone.

    L = - mean over t of log p(y_t | pairs before t, x_t), over random functions; then Friedman's functions, no step

The network stands for a language model, numbers are read in fifths of their range.

Departs from the paper: the network was trained on functions and nothing else, while a language model was trained on
text; classes of numbers, so no error in the unit of the numbers; regret over many lengths is not asked.

>>> InContextRegression().trains
True
"""

from methods.arenas.in_context_learning.arena import InContextLearningMethod
from methods.arenas.in_context_learning.stage.task import every_loss
from methods.kit.method import Beats, Card, Paper


class InContextRegression(InContextLearningMethod):
    card = Card(
        title="In-context regression",
        papers=(Paper("From Words to Numbers: Your Large Language Model Is Secretly A Capable Regressor When Given "
                      "In-Context Examples", 2024, arxiv="2404.07544"),),
        fidelity="proxy",
        claims=(Beats("boosted-stumps", on="accuracy", setting="regression", by=1.0),
                Beats("nearest-neighbours", on="accuracy", setting="regression", by=1.0)),
        needs_scale=("Regret grows more slowly than the number of pairs.",),
    )

    def loss(self, net, task):
        return every_loss(net, *self.episode(task))
