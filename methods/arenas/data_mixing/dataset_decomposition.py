"""Dataset decomposition: buckets of pieces of texts of one length each, short ones first, in cycles.

    a step reads one bucket: B 64 / 2^i sequences of 2^i predicted pieces, i in 4, 5, 6;   within each of four cycles
    the length grows

Every sequence is of one text, and every step reads the same number of pieces.

Departs from the paper: the buckets of a cycle follow one another, where Grow-P2 draws each step's bucket with odds
that halve from one length to the next; four cycles for eight; passages are cut into short ones, since long documents
hardly have short remainders; even shares of the three lengths; a start that has read passages of 65.

>>> [length_at(p, 4) for p in (0.0, 0.1, 0.2, 0.25)]
[16, 32, 64, 16]
"""

from methods.arenas.data_mixing.arena import DataMixingMethod
from methods.arenas.data_mixing.stage.drawing import batch_of
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

LENGTHS = (16, 32, 64)


def length_at(progress, cycles):
    """Predicted pieces of a sequence, growing within each cycle."""
    return LENGTHS[min(2, int(progress * cycles % 1 * 3 + 1e-9))]


class DatasetDecomposition(DataMixingMethod):
    card = Card(
        title="Dataset decomposition",
        papers=(Paper("Dataset Decomposition: Faster LLM Training with Variable Sequence Length Curriculum", 2024,
                      arxiv="2405.13226"),),
        fidelity="core",
        claims=(Beats("concat-and-chunk", on="target_bpb", by=0.01), Beats("concat-and-chunk", on="general_bpb")),
        needs_scale=("Reaches the accuracy of concatenated text in a third of the time, with long contexts.",),
    )

    cycles: int = param(4, "times that the length grows", low=1, high=8)

    def batch(self, windows, weights, task, order):
        length = length_at(task.progress, self.cycles)
        batch = batch_of(windows, weights, task.size * 64 // length, order)
        parts = batch[:, 1:].unfold(1, length, length)              # of each passage one, in turn
        rows = range(len(batch))
        first = [i % parts.shape[1] * length for i in rows]
        at = batch.new_tensor(first)[:, None] + batch.new_tensor(range(length + 1))
        return batch.gather(1, at)
