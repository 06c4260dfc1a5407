"""Recipe of equal compute: at every budget loss is a parabola over size, and the best size moves with the budget.

    log L = a + b x + c x^2 + (d + e x) log C,   x = log N

fitted by least squares to all known runs; the lowest point of the parabola at C is the size to take.

Departs from the paper: it plans the tuning of language models into embedders by contrast, with full tuning, frozen
blocks, biases alone or LoRA; none of these is done here. What is kept is how it reads runs: curves of equal compute.

>>> round(-(-2.0 + 0.5 * 3.0) / (2 * 0.1), 2)            # b = -2, e = 0.5, log C = 3, c = 0.1: the best x
2.5
"""

import numpy as np

from methods.arenas.loss_prediction.arena import LossPredictionMethod
from methods.kit.method import Card, Paper


class EmbeddingRecipe(LossPredictionMethod):
    card = Card(
        title="Recipe of equal compute",
        papers=(Paper("Repurposing Language Models into Embedding Models: Finding the Compute-Optimal Recipe", 2024,
                      arxiv="2406.04165", covers="how loss is followed over size at equal compute"),),
        fidelity="proxy",
        needs_scale=("Full tuning is best at small budgets and LoRA at large ones",
                     "Tuning biases alone is best at no budget"),
    )

    def fit(self, runs, loss):
        self.line = np.linalg.lstsq(self._x(runs), np.log(loss), rcond=None)[0]

    def predict(self, runs):
        return np.exp(self._x(runs) @ self.line)

    @staticmethod
    def _x(runs):
        x, c = np.log(runs.weights / 1e4), np.log(runs.compute / 1e10)
        return np.column_stack([np.ones(len(x)), x, x ** 2, c, x * c])
