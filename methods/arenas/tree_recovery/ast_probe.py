"""AST-Probe: the syntax tree lies in a small subspace of the states.

An orthonormal map B takes states into a small space. There the squared distance of two neighbouring tokens ranks how
high in the tree they part, and the same difference tells the label of the node that parts; a token's own place tells
the node that it is alone. Trees are rebuilt from the highest split down, without nodes labelled as made by branching.

    d_i = |B^T (h_i - h_i+1)|^2,   c_i = argmax C^T B^T (h_i - h_i+1),   u_i = argmax U^T B^T h_i
    loss = mean_ij relu(1 - sign(t_i - t_j) (d_i - d_j)) + CE(c) + CE(u) + lam |B^T B - I|^2,   t heights of splits

Departs from the paper: the model is small and reads bytes to the left alone, so a token's state is that of its last
byte; statements of 8 to 24 tokens; 32 of 64 dimensions instead of 128 of 768; B begins orthonormal, there small and
even; a fixed number of steps at a constant rate, where the authors cut the rate (from 0.001) and stop by validation;
trees branch to the right. lam is 5 and the ranking loss a mean over pairs, as in their code; the layer and the
rate of Adam were set after looks at seeds 100 and 101.

>>> from methods.arenas.tree_recovery.stage.probe import TreeProbe
>>> TreeProbe(4, 2, 3).spread().item() < 1e-10       # it begins orthonormal
True
"""

from methods.arenas.tree_recovery.arena import TreeRecoveryMethod
from methods.arenas.tree_recovery.stage.probe import told, train
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


class AstProbe(TreeRecoveryMethod):
    card = Card(
        title="AST-Probe",
        papers=(Paper("AST-Probe: Recovering abstract syntax trees from hidden representations of pre-trained language "
                      "models", 2022, arxiv="2206.11719"),),
        fidelity="core",
        claims=(Beats("embedding-probe", on="labelled_f1"), Beats("right-branching", on="tree_f1"),
                GainGrows("embedding-probe", on="labelled_f1", to="default", from_="untrained")),
    )

    layer: int = param(2, "block whose states are read; 0 is what the first block reads", low=0, high=4)
    rank: int = param(32, "dimensions of the subspace", low=1, high=64)
    lam: float = param(5.0, "weight of orthonormality", low=0.0, high=100.0)
    rate: float = param(1e-2, "rate of Adam", low=1e-4, high=0.1)

    def fit(self, trees):
        self.read = min(self.layer, len(trees.states) - 1)
        self.probe = train(trees, self.read, self.rank, self.rate, self.lam)

    def tree(self, trees):
        return told(self.probe, trees.states[self.read])
