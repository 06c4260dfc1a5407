"""HyperAttention: exact where hashed queries and keys meet, sampled elsewhere.

Seven random directions say on which side of each a vector lies; such codes, in an order in which neighbours differ in
one bit, sort queries and keys, so that what points the same way comes close. Blocks on the sorted diagonal are exact;
keys drawn at random, each for n / m of them and none of the own block, stand for the rest. The causal case: short
texts exactly, longer ones half by half, and the later half with the earlier in the way above.

    numerator and denominator = those of the block + n / m * those of m drawn keys outside of it

Departs from the paper: blocks and samples of 16, exact up to 64, for texts of 512 in place of 256 and 4,096 for 32,000
and more; no layer is left exact.

>>> import torch
>>> from methods.arenas.long_context.stage.hashed import told
>>> same = torch.ones(1, 1, 2, 1)
>>> [part.flatten().tolist() for part in told(0 * same, same, 5 * same)]    # log of two equal weights of 1
[[5.0, 5.0], [0.6931471824645996, 0.6931471824645996]]
"""

from methods.arenas.long_context.arena import LongContextMethod
from methods.arenas.long_context.stage.hashed import halved
from methods.arenas.long_context.stage.reading import places, turned
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class HyperAttention(LongContextMethod):
    card = Card(
        title="HyperAttention",
        papers=(Paper("HyperAttention: Long-context Attention in Near-Linear Time", 2023, arxiv="2310.05869"),),
        fidelity="faithful",
        claims=(Matches("vanilla", on="tail_bpb", within=0.1, setting="cost", cost="pairs"),
                Beats("sampled-columns", on="tail_bpb", setting="cost", by=0.02)),
        needs_scale=("texts of 32,000 pieces are read five times as fast",),
    )

    block: int = param(16, "tokens of a block on the sorted diagonal, exact", low=4, high=32)
    sampled: int = param(16, "keys drawn for the rest", low=4, high=64)

    def attend(self, q, k, v, scene):
        q, k = turned(q, places(q), scene.base) / q.shape[-1] ** 0.5, turned(k, places(k), scene.base)
        return halved(q, k, v, 64, self.block, self.sampled, scene)[0]
