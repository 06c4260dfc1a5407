"""Causal language model: everything is said, nothing is source.

    L = - mean over t of log p(x_t | x_<t)

When it is asked what follows, or for spans, it says the whole row, of which they count.

Departs from the paper: it is a book, from whose three families this is one; the rule that one family reads best and
another writes best is tested by the cards of two of them.

>>> said([5, 6], [False, True]).said
[-1, 6]
"""

from methods.arenas.sequence_to_sequence_pretraining.arena import SequenceToSequencePretrainingMethod
from methods.arenas.sequence_to_sequence_pretraining.stage.task import told
from methods.kit.method import Beats, Card, Paper


def said(row, counted):
    """A row said from its beginning, of which some pieces count."""
    return told([], row, counted)


class CausalLanguageModel(SequenceToSequencePretrainingMethod):
    card = Card(
        title="Causal language model",
        papers=(Paper("Foundation Models for Natural Language Processing -- Pre-trained Language Models Integrating "
                      "Media", 2023, arxiv="2302.08575", covers="models that only say, for writing"),),
        fidelity="proxy",
        claims=(Beats("bart", on="continuation_bits", by=0.05),),
    )

    both_ways = False

    def example(self, row, at, task):
        return told([], row)

    def continuation(self, first, second, task, words=""):
        return said([*first, *second], [i >= len(first) for i in range(len(first) + len(second))])

    def infilling(self, row, spans, task):
        return said(row, [any(a <= i < b for a, b in spans) for i in range(len(row))])
