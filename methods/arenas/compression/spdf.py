"""SPDF: three quarters of the weights were zero in pretraining; all train in tuning.

    pretraining: W * M with M drawn once, gradients masked;   tuning: M is dropped, zeros learn too

Only the maps of the blocks were sparse: no embeddings, no norms, no biases. What is saved is pretraining: a quarter of
its multiply-adds in blocks. What is stored is a whole model. It read as many windows as the dense model.

Departs from the paper: tuned with the rate and steps of everybody here; smaller by far, and less text a weight.

>>> 100 * (1 - 0.75)
25.0
"""

from methods.arenas.compression.arena import CompressionMethod
from methods.kit.method import Beats, Card, Matches, Paper


class Spdf(CompressionMethod):
    card = Card(
        title="SPDF",
        papers=(Paper("SPDF: Sparse Pre-training and Dense Fine-tuning for Large Language Models", 2023,
                      arxiv="2303.10464"),),
        fidelity="faithful",
        claims=(Beats("sparse-fine-tuning", on="bits_per_byte"),
                Matches("dense-tuned", on="bits_per_byte", within=0.05, cost="pretraining")),
    )
    fixed_size = True
    pretraining = 25.0

    def compress(self, net, task):
        return task.masked()
