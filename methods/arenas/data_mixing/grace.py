"""GRACE: unlearn each source while the others are kept, and see how much of the target goes with it.

    step up the loss of source s, step down that of the others, until s costs as much as mixed-up text
    impact_s = rise of the target's loss;   p = softmax(2 impact / its deviation)

Departs from the paper: impacts decide a mixture here; there they are compared with retraining. At most six short steps
a source, from the start, by normalised gradients.

>>> round(3.4 - 3.1, 1)
0.3
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.arenas.data_mixing.stage.unlearning import impacts, mixture_of
from methods.kit.method import Card, Paper


class Grace(DataMixingMethod):
    card = Card(
        title="GRACE",
        papers=(Paper("Deciphering the Impact of Pretraining Data on Large Language Models through Machine Unlearning",
                      2024, arxiv="2402.11537"),),
        fidelity="proxy",
        needs_scale=("Impacts by unlearning rank sources as retraining without each does.",),
    )

    def prepare(self, task):
        self.weights = mixture_of(impacts(task, others=True))

    def mixture(self, task):
        return self.weights
