"""In-context tuning: trained on tasks, each with its pairs in the context, to answer the query.

    L = - mean over q of log p(y_q | (x_1, y_1) ... (x_K, y_K), x_q), over many tasks

At the test there is no step of gradients.

Departs from the paper: no instruction stands before the pairs; tasks are kinds of drawings, and the network begins from
random weights, where it tunes a language model on text tasks.

>>> InContextTuning().trains
True
"""

from methods.arenas.in_context_learning.arena import InContextLearningMethod
from methods.kit.method import Beats, Card, Paper


class InContextTuning(InContextLearningMethod):
    card = Card(
        title="In-context tuning",
        papers=(Paper("Meta-learning via Language Model In-context Tuning", 2021, arxiv="2110.07814"),),
        fidelity="core",
        claims=(Beats("fomaml", on="accuracy", by=1.0),),
        needs_scale=("A tuned language model depends less on the order of pairs than one that is only prompted.",),
    )
