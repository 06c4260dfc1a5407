"""muScaling: under mu-parametrisation one rate serves all widths, and their losses lie on a power law.

    maps: deviation n^-1/2, rate n^-1;   output: deviation n^-1, rate n^-1;   L(N) = a N^b + c

fitted to the small widths, all at the best rate of width 16; N are the weights without the embeddings.

Departs from the paper: N leaves the embeddings out, which the authors' fits count; three widths for three unknowns;
output of smaller first weights in the place of a multiplier, which under Adam is the same but for the rate's constant;
heads keep their width, so that 1/d in attention is constant.

>>> round(0.05 * 16 / 64, 4)                             # deviation of the output map at width 64
0.0125
"""

from methods.arenas.hyperparameter_transfer.arena import HyperparameterTransferMethod
from methods.kit.method import Beats, Card, Paper


class MuScaling(HyperparameterTransferMethod):
    card = Card(
        title="muScaling",
        papers=(Paper("Research without Re-search: Maximal Update Parametrization Yields Accurate Loss Prediction "
                      "across Scales", 2023, arxiv="2304.06875"),),
        fidelity="core",
        claims=(Beats("standard", on="forecast_error"), Beats("standard", on="wide_bpb")),
    )
    rule = "mup"
