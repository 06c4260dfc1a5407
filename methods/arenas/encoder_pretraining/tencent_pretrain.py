"""TencentPretrain: BERT put together from five parts that are chosen by name.

    embedding (word + place + segment) -> encoder -> [no target embedding, no decoder] -> targets (MLM + SP)

    L = - mean over chosen t of log p(x_t | x~) + CE(pool(h), next or random)

Departs from the paper: that a toolkit is easy to extend cannot be measured; what can is that the assembly does what
BERT does. Masks are drawn anew at each visit. It goes on from an encoder that has read.

>>> TencentPretrain().targets
'mlm+sp'
"""

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.pairs import Pool, pair_loss
from methods.arenas.encoder_pretraining.stage.task import guessed
from methods.kit.method import Card, Matches, Paper
from methods.kit.params import param


def words_target(net, task, state, ids, chosen, way):
    return guessed(net, state, ids, chosen)


def pair_target(net, task, state, ids, chosen, way):
    return pair_loss(net, task, state, way)


TARGETS = {"mlm": words_target, "sp": pair_target}


class TencentPretrain(EncoderPretrainingMethod):
    card = Card(
        title="TencentPretrain",
        papers=(Paper("TencentPretrain: A Scalable and Flexible Toolkit for Pre-training Models of Different "
                      "Modalities", 2022, arxiv="2212.06385"),),
        fidelity="proxy",
        claims=(Matches("bert", on="probe_bits", within=0.02),),
    )

    targets: str = param("mlm+sp", "what is asked", choices=("mlm", "mlm+sp"))

    def prepare(self, task):
        net = task.start()
        task.add("pool", Pool(net.width, 2))
        return net

    def loss(self, net, task):
        ids, half, way = task.pair()
        chosen = task.choose(ids, 0.15)
        state = net(task.damaged(ids, chosen), half.expand_as(ids))
        return sum(TARGETS[name](net, task, state, ids, chosen, way) for name in self.targets.split("+"))
