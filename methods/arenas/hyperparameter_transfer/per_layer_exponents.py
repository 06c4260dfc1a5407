"""Exponents by layer: standard first weights, and a rate of its own for each kind of layer.

With n the width, under Adam and full alignment of updates with what they act on,

    embeddings: deviation n^0, rate n^0;   maps: deviation n^-1/2, rate n^-1;   output: deviation n^-1/2, rate n^-1

Departs from the paper: three doublings of width; AdamW with a cut of gradients; one constant for all kinds of layer,
where the paper tunes one for each; its other assumptions of alignment and its Adam-atan2 are left out.

>>> 0.01 * 16 / 64                                       # rate of maps at width 64
0.0025
"""

from methods.arenas.hyperparameter_transfer.arena import HyperparameterTransferMethod
from methods.kit.method import Beats, Card, Matches, Paper


class PerLayerExponents(HyperparameterTransferMethod):
    card = Card(
        title="Exponents by layer",
        papers=(Paper("Scaling Exponents Across Parameterizations and Optimizers", 2024, arxiv="2407.05872"),),
        fidelity="core",
        claims=(Beats("standard", on="wide_bpb"), Matches("mu-scaling", on="wide_bpb", within=0.01)),
    )
    rule = "per-layer"
