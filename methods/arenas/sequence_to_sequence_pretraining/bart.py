"""BART: spans shrink to one mask each, parts of the text change places, and the whole text is said.

    30 % of the pieces in spans of Poisson(3) length, 0 included;   L = - mean log p(x | corrupted x)

The four quarters of a row stand for sentences. Spans are asked for with a mask each, within the whole row.

Departs from the paper: it is a book, of whose three families this is one; quarters for sentences, and a span that
reaches into the next quarter becomes two masks.

>>> whole([10, 11, 12, 13], [(1, 3)]).shown
[10, 2, 13, 1, 10, 11, 12]
"""

from methods.arenas.sequence_to_sequence_pretraining.arena import SequenceToSequencePretrainingMethod
from methods.arenas.sequence_to_sequence_pretraining.stage.denoising import corrupted, whole
from methods.kit.method import Beats, Card, Paper


class Bart(SequenceToSequencePretrainingMethod):
    card = Card(
        title="BART",
        papers=(Paper("Foundation Models for Natural Language Processing -- Pre-trained Language Models Integrating "
                      "Media", 2023, arxiv="2302.08575", covers="models that read and say, for reading"),),
        fidelity="proxy",
        claims=(Beats("causal-language-model", on="probe_bits", by=0.02),),
    )

    def example(self, row, at, task):
        return corrupted(row, task)

    def continuation(self, first, second, task, words=""):
        return whole([*first, *second], [(len(first), len(first) + len(second))])

    def infilling(self, row, spans, task):
        return whole(row, spans)
