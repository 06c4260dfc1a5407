"""Discourse markers: what follows "fortunately," is taken for praise, what follows "unfortunately," for blame.

Sentences of other reviews that stood behind such a marker, the marker removed, are a free task to learn first; with
labels, the network then learns from these.

    L = CE(polarity of the marker, p(rest of the sentence)),   then CE(y, p)

Departs from the paper: only an adapter and a head learn, on the vectors of a frozen encoder; 362 sentences where the
authors have many thousands, about as many of each kind; the markers are ours.

>>> import torch
>>> Net(4, 2)(torch.zeros(3, 4)).shape
torch.Size([3, 2])
"""

from methods.arenas.few_shot_text.arena import FewShotTextMethod
from methods.arenas.few_shot_text.stage.task import Net
from methods.kit.method import Beats, Card, GainGrows, Paper


class DiscourseMarkers(FewShotTextMethod):
    card = Card(
        title="Discourse markers",
        papers=(Paper("Fortunately, Discourse Markers Can Enhance Language Models for Sentiment Analysis", 2022,
                      arxiv="2201.02026"),),
        fidelity="core",
        claims=(Beats("fine-tune", on="accuracy", setting="zero-labels"), Beats("fine-tune", on="accuracy"),
                GainGrows("fine-tune", on="accuracy", to="default", from_="more-labels")),
        needs_scale=("With a million sentences the gain shows on many data sets.",),
    )

    def fit(self, task):
        net: Net = task.train(task.net(), task.marked, task.polarity)
        return task.train(net, task.x, task.y)
