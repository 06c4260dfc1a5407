"""f-CLSWGAN: make up features of unseen kinds, then learn a classifier of all kinds.

A generator learns, on seen kinds, to turn a kind's vector and noise into features that a critic cannot tell from those
of drawings and that a classifier of seen kinds names rightly. Given the vectors of unseen kinds it makes examples of
them, and an ordinary softmax classifier is trained on these beside the real ones.

    min_G max_D  E D(x, s) - E D(G(z, s), s) - 10 E (|grad D| - 1)^2 + beta E CE(P(G(z, s)), y)

Departs from the paper: 150 steps of the generator at a rate of 0.003 and 128 hidden units in place of many thousands at
0.0001 and 4,096, as more steps do not help here; names are cut to 64 principal parts and the noise has 32 (the paper's
as many as the vector); features may be negative, so that the generator's last layer is linear; one classifier answers
for all kinds and, cut to the unseen ones, for them. As many drawings are made of an unseen kind as there are of a seen
one. Five critic steps and the weight of the penalty are the paper's; beta is the best of three (0.1, 1, 10; the paper's
is 0.01) on seeds 100 to 102.

>>> import torch
>>> from methods.arenas.zero_shot.stage.generating import Critic, penalty
>>> critic = Critic(1, 1)
>>> for p, v in zip(critic.parameters(), (1.0, 5.0, 3.0, 0.0), strict=True): _ = p.data.fill_(v)     # D(x) = 3 (x + 5)
>>> penalty(critic, torch.ones(2, 1), torch.zeros(2, 1)).item()                                             # (3 - 1)^2
4.0
"""

from methods.arenas.zero_shot.stage.generating import GeneratingMethod
from methods.kit.method import Beats, Card, Paper


class FClswgan(GeneratingMethod):
    card = Card(
        title="f-CLSWGAN",
        papers=(Paper("Feature Generating Networks for Zero-Shot Learning", 2018, arxiv="1712.00981"),),
        fidelity="core",
        claims=(Beats("eszsl", on="harmonic"), Beats("eszsl", on="unseen_accuracy")),
    )
