"""ERM: learn from all sources alike.

    loss = mean over pictures of CE(f(x), y)

Pictures of all styles are one training set. Careful comparisons found little that beats this; the reference of this
arena.

Departs from the paper: it compares many methods under one choice of models and strengths; of that only the plain
loss is here, without its networks that have seen other photographs, its views and its search.

>>> import torch, torch.nn.functional as F
>>> round(F.cross_entropy(torch.zeros(1, 62), torch.tensor([3])).item(), 3)                              # log 62
4.127
"""

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.kit.method import Card, Paper


class Erm(DomainGeneralizationMethod):
    card = Card(
        title="Empirical risk minimisation",
        papers=(Paper("In Search of Lost Domain Generalization", 2020, arxiv="2007.01434"),),
        fidelity="proxy",
    )
