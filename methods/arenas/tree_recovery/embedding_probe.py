"""Embedding probe: what the tokens themselves tell of the tree.

The same probe as AST-Probe on what the first block reads: embeddings of the last bytes of a token.

    h_i = e(last bytes of token i)

Follows the textbook.

>>> from methods.arenas.tree_recovery.stage.task import nodes
>>> list(nodes([1.0, 2.0]))
[(0, 2, 1), (0, 1, 0)]
"""

from methods.arenas.tree_recovery.arena import TreeRecoveryMethod
from methods.arenas.tree_recovery.stage.probe import told, train
from methods.kit.method import Card
from methods.kit.params import param


class EmbeddingProbe(TreeRecoveryMethod):
    card = Card(title="The probe on embeddings")

    rank: int = param(32, "dimensions of the subspace", low=1, high=64)
    rate: float = param(1e-2, "rate of Adam", low=1e-4, high=0.1)

    def fit(self, trees):
        self.probe = train(trees, 0, self.rank, self.rate, 5.0)

    def tree(self, trees):
        return told(self.probe, trees.states[0])
