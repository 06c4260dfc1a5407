"""UL2: a mixture of denoisers, each announced by its mode.

    R: spans of 3 or 8 on average, 15 %;  X: (3, 50 %), (8, 50 %), (64, 15 %), (64, 50 %);  S: the last quarter or so
    L = - mean log p(target | mode, source)

The seven denoisers are alike likely. In S the row is cut at a uniform place, a quarter said on average. What follows is
asked for in mode S, spans in mode R.

Departs from the paper: the model has read text from left to right before; rows of 64 pieces for 512 with spans as long
as there, so that (8, 15 %) and both of 64 hide one span. Lengths are a random partition, not drawn from a normal.

>>> len(DENOISERS), sum(mode == "X" for mode, _, _ in DENOISERS)
(7, 4)
"""

from methods.arenas.sequence_to_sequence_pretraining.arena import SequenceToSequencePretrainingMethod
from methods.arenas.sequence_to_sequence_pretraining.stage.task import MODES, SENTINELS, hidden, told
from methods.kit.method import Beats, Card, Matches, Paper

DENOISERS = (("R", 3, 0.15), ("R", 8, 0.15), ("S", 0, 0.25), ("X", 3, 0.5), ("X", 8, 0.5), ("X", 64, 0.15),
             ("X", 64, 0.5))


def anywhere(task, length, mean, share):
    """Spans (start, end) with text before, between and behind them, so that the end of a row may stay."""
    many = min(max(round(length * share), 1), length - 2)
    count = min(max(round(many / mean), 1), SENTINELS - 1, many, length - many - 1)
    noise, text = task.parts(many, count), task.parts(length - many + 1, count + 1)     # the last part may be empty
    starts = [sum(text[:i + 1]) + sum(noise[:i]) for i in range(count)]
    return [(start, start + inside) for start, inside in zip(starts, noise, strict=True)]


class Ul2(SequenceToSequencePretrainingMethod):
    card = Card(
        title="UL2",
        papers=(Paper("UL2: Unifying Language Learning Paradigms", 2022, arxiv="2205.05131"),),
        fidelity="core",
        claims=(Beats("span-corruption", on="mean_bits", by=0.02),
                Matches("prefix-language-model", on="continuation_bits", within=0.03),
                Matches("span-corruption", on="infilling_bits", within=0.03)),
    )

    def example(self, row, at, task):
        mode, mean, share = DENOISERS[int(task.rng.integers(len(DENOISERS)))]
        if mode != "S":
            return hidden(row, anywhere(task, len(row), mean, share), task.sentinel, MODES[mode])
        said = min(max(1, round(2 * share * task.rng.random() * len(row))), len(row) - 1)
        return told([MODES["S"], *row[:-said]], row[-said:])

    def continuation(self, first, second, task, words=""):
        return told([MODES["S"], *first], second)

    def infilling(self, row, spans, task):
        return hidden(row, spans, task.sentinel, MODES["R"], True)
