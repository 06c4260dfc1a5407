"""MAE-LM: the encoder sees only words that are not hidden; a decoder that is dropped gets masks and guesses.

    h = encoder(x at places not hidden),   L = - mean over hidden t of log p(x_t | decoder(h, masks)),   15 %

Masks so take none of the room of real words' states. The decoder is one block. A step costs 1.35 plain ones.

Departs from the paper: it goes on from an encoder that has read with masks, in which the harm may have been done; the
short convolution sees nothing where words are hidden; a decoder of one block, where the paper's has four.

>>> import torch
>>> places(torch.tensor([[True, False, True, False]])).tolist()
[[1, 3]]
"""


from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.net import Block, start_block
from methods.arenas.encoder_pretraining.stage.task import guessed
from methods.arenas.encoder_pretraining.stage.words import MASK
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def places(hidden):
    """(B, n) places that are not hidden, as many in each window."""
    return (~hidden).nonzero()[:, 1].view(len(hidden), -1)


class MaeLm(EncoderPretrainingMethod):
    card = Card(
        title="MAE-LM",
        papers=(Paper("Representation Deficiency in Masked Language Modeling", 2023, arxiv="2302.02060"),),
        fidelity="core",
        claims=(Beats("masked-language-model", on="effective_rank", by=2),
                Beats("masked-language-model", on="probe_bits", by=0.01)),
    )
    cost = 1.35

    share: float = param(0.15, "words that are hidden", low=0.05, high=0.6)

    def prepare(self, task):
        net = task.start()
        start_block(task.add("decoder", Block(net.width, net.heads)), 1)
        return net

    def loss(self, net, task):
        ids = task.draw()
        hidden = task.choose(ids, self.share)
        near = net.vectors(ids) * ~hidden[..., None]
        at = places(hidden)[..., None].expand(-1, -1, net.width)
        state = net.through(net.enter(ids, near=near).gather(1, at))[-1]
        mask = net.embed.weight[MASK] + net.place[:ids.shape[1]]
        full = mask.expand(len(ids), -1, -1).scatter(1, at, state)
        return guessed(net, task.parts["decoder"](full), ids, hidden)
