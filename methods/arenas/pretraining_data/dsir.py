"""DSIR: importance resampling, so that hashed pieces and pairs are as frequent as in the sample.

    log w(x) = sum_j c_j(x) (log p_j - log q_j),   S = top rows by log w + Gumbel noise

p and q are the frequencies in the sample and in the pool.

Departs from the paper: 4,096 buckets for 10,000, pieces for words; counts are smoothed by one in each bucket (its code
adds 1e-8 to frequencies).

>>> import math
>>> round(2 * (math.log(0.5) - math.log(0.25)), 4)          # one bucket, twice in x
1.3863
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.task import top
from methods.kit.method import Beats, Card, Paper


def log_weights(counts, sample, pool):
    """(N,) log p / q of rows of counts, p and q from summed counts of the sample and the pool."""
    p, q = ((1 + each.sum(0)) / (1 + each.sum(0)).sum() for each in (sample, pool))
    return counts @ (p.log() - q.log())


class Dsir(PretrainingDataMethod):
    card = Card(
        title="DSIR",
        papers=(Paper("Data Selection for Language Models via Importance Resampling", 2023, arxiv="2302.03169"),),
        fidelity="faithful",
        claims=(Beats("random", on="bits_per_byte", setting="target", by=0.02),
                Beats("ngram-classifier", on="bits_per_byte", setting="target", by=0.02)),
    )

    def choose(self, task):
        pool = task.grams(task.pool)
        gumbel = -(-task.noise(len(pool)).clamp(min=1e-7).log()).log()
        return top(log_weights(pool, task.grams(task.sample), pool) + gumbel, task.now)
