"""Global upsampling: more of the long documents, whatever source they are of.

    a source's share grows with what its long documents weigh:  share * mean weight of its pieces

Sources with long documents, novels above all, crowd out the others.
"""

import torch

from methods.arenas.long_context.arena import LongContextMethod
from methods.arenas.long_context.stage.mixing import upsampled
from methods.kit.method import Card


class GlobalUpsampling(LongContextMethod):
    """
    >>> upsampled(torch.tensor([True, False]), 5.0).tolist()
    [5.0, 1.0]
    """

    card = Card(title="Global upsampling")
    trains = True

    def batch(self, mix, many):
        weights = [upsampled(mix.is_long(at), 5.0) for at in range(len(mix.documents))]
        mass = torch.tensor([sum(float(w) * len(each) for w, each in zip(weight, source, strict=True))
                             for weight, source in zip(weights, mix.documents, strict=True)])
        return torch.stack([mix.text(at, weights[at]) for at in mix.drawn(mass / mass.sum(), many)])
