"""MeCo: the source stands before the text for most of the training; at the end the model reads plain text.

    step t < (1 - c) T:  L = - mean log p(x_i | s, x_<i),   no loss on s;     then  L = - mean log p(x_i | x_<i)

c is a tenth; rate and optimiser go on as they were. When the model is asked nothing need stand before the text.

Departs from the paper: the model has read plain text before; the address of a page is one piece that tells the source;
windows hold one document, so nothing has to be hidden between documents; the paper asks for accuracy downstream and
finds no gain in perplexity, here bits are asked for.

>>> cooling(143, 160, 0.1), cooling(144, 160, 0.1)
(False, True)
"""

from methods.arenas.causal_pretraining.arena import CausalPretrainingMethod
from methods.arenas.causal_pretraining.stage.task import before
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def cooling(step, steps, share):
    """Whether this step belongs to the last share."""
    return step >= round((1 - share) * steps)


class Meco(CausalPretrainingMethod):
    card = Card(
        title="MeCo",
        papers=(Paper("Metadata Conditioning Accelerates Language Model Pre-training", 2025, arxiv="2501.01956"),),
        fidelity="core",
        claims=(Beats("plain-text", on="minimal_pairs"),),
        needs_scale=("A third less text is enough for the same accuracy on tasks.",),
        reduces_to=("source-prompt", {"share": 0.0}),
    )

    share: float = param(0.1, "share of the steps, at the end, on plain text", low=0.0, high=1.0)

    def batch(self, task):
        if task.specialising or cooling(task.step, task.steps, self.share):
            return super().batch(task)
        windows = task.draw()
        return before(task.source[task.rows, None], windows)

    def prefix(self, sources, task):
        return sources[:, None]
