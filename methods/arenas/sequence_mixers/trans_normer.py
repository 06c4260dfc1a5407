"""TransNormer: linear attention without softmax that forgets at a set pace and is gated.

Every head forgets at its own pace, slower in later layers, not at all in the last; the sum is normalised by its length
alone and multiplied by a gate. In the first layer queries and keys also turn with their position, by learnt angles.

    o_t = SRMSNorm(sum_{s <= t} (q_t . k_s) lam^(t - s) v_s) * u_t,   q, k = Swish(W x),  u = W x
    SRMSNorm(x) = sqrt(d) x / |x|,   -log lam = 2^(-8 h / H) (1 - l / (L - 1)),
    l = 0 .. L - 1 (as its code has it)
    feed-forward: (V x * U x) W

Departs from the paper: blocks keep the arena's layer norms; written out over pairs, which is the same as its running
state; size, text and optimiser are the arena's.

>>> import torch
>>> from methods.arenas.sequence_mixers.stage.nets import mixed_linearly
>>> one = torch.ones(1, 1, 3, 1)
>>> mixed_linearly(one, one, one, torch.tensor([0.6931472]))[0].flatten().tolist()      # lam 1/2
[1.0, 1.5, 1.75]
"""

from methods.arenas.sequence_mixers.arena import SequenceMixersMethod
from methods.arenas.sequence_mixers.stage.transnormer import Forgetting, Glu
from methods.kit.method import Beats, Card, Paper


class TransNormer(SequenceMixersMethod):
    card = Card(
        title="TransNormer",
        papers=(Paper("Scaling TransNormer to 175 Billion Parameters", 2023, arxiv="2307.14995"),),
        fidelity="faithful",
        claims=(Beats("softmax-attention", on="bits", by=0.01), Beats("linear-attention", on="bits", by=0.02),
                Beats("no-decay", on="bits"), Beats("no-gate", on="bits")),
        needs_scale=("it trains faster than attention with fast kernels, at lengths of thousands",),
    )

    def mixer(self, site):
        return Forgetting(site)

    def feed(self, site):
        return Glu(site)
