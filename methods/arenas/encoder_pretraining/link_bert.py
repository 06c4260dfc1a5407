"""LinkBERT: a segment beside the next one, a random one, or one of a linked document, and which of the three it is.

    L = - mean over chosen t of log p(x_t | x~) + CE(pool(h), next, random or linked),   a third each

In `documents` links are cross references between verses; in `default` the linked segment is of the same document.

Departs from the paper: it goes on from an encoder that has read; passages of 32 words, judged by the mean state; links
are drawn as they are, not by how many lead to a passage.

>>> from methods.arenas.encoder_pretraining.stage.task import LINKED, NEXT, RANDOM
>>> NEXT, RANDOM, LINKED
(0, 1, 2)
"""

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.pairs import Pool, pair_loss
from methods.arenas.encoder_pretraining.stage.task import LINKED, NEXT, RANDOM, guessed
from methods.kit.method import Beats, Card, Paper


class LinkBert(EncoderPretrainingMethod):
    card = Card(
        title="LinkBERT",
        papers=(Paper("LinkBERT: Pretraining Language Models with Document Links", 2022, arxiv="2203.15827"),),
        fidelity="core",
        claims=(Beats("bert", on="cloze_bits", setting="documents", by=0.01),),
        needs_scale=("Telling linked documents apart makes better representations of what belongs together.",),
    )

    def prepare(self, task):
        net = task.start()
        task.add("pool", Pool(net.width, 3))
        return net

    def loss(self, net, task):
        ids, half, way = task.pair((NEXT, RANDOM, LINKED))
        chosen = task.choose(ids, 0.15)
        state = net(task.damaged(ids, chosen), half.expand_as(ids))
        return guessed(net, state, ids, chosen) + pair_loss(net, task, state, way)
