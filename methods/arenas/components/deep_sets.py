"""Deep Sets: transform every point alone and answer on the mean.

Any function of a set can be written as a function of a sum over its points. The attention is taken out: each
branch that let points meet keeps its value and output maps and hands every point its own value. What a set's
pieces say can then be averaged in any cut, but no point ever learns of another before the end.

    f(X) = rho(1/n * sum_{x in X} phi(x))

It is the plain rival of methods that read sets; images and text windows are no sets, and there it is layer-norm.

Departs from the paper: residual branches with layer normalisation make up phi; rho is linear; a mean, not a sum.

>>> import torch
>>> alone = Alone()
>>> alone.arrange(torch.tensor([[[1.0], [5.0]]]), torch.tensor([[True, True]])).tolist()
[[1.0], [5.0]]
>>> alone.pool(torch.tensor([[1.0], [5.0]])).tolist()
[[3.0]]
"""

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Card, Paper


class DeepSets(ComponentsMethod):
    card = Card(
        title="Deep Sets",
        papers=(Paper("Deep Sets", 2017, "1703.06114"),),
        fidelity="core",
    )

    def norm(self, channels, site):
        return nets.LayerNorm(channels)

    def prepare(self, model):
        if isinstance(model, nets.SetNetwork):
            model.use(Alone())


class Alone(nets.Padded):
    """Sets whose points do not meet."""

    def attend(self, query, key, value):
        return value


