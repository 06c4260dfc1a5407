"""Statistical generator: replaced-token detection whose replacements come from counts.

    x~_t ~ count(x_{t-1}, .) + a share(.) at 15 % of the places,   L = mean over all t of BCE(w . h_t, x~_t is not x_t)

No generator is trained, so a step costs what a plain one does.

Departs from the paper: pairs of neighbours smoothed with single words, as the text at hand counts them; it goes on from
an encoder that has read. At this size detection hardly learns.

>>> import torch
>>> follow(torch.tensor([[0, 1, 0, 1]]), 2, 1.0).tolist()        # after 0: twice 1, and two of each word
[[0.5, 2.5], [1.5, 0.5]]
"""

import torch
from torch import nn

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.task import detected
from methods.kit.method import Card, Paper
from methods.kit.params import param


def follow(text, words, alpha):
    """(V, V) how often a word follows another, and alpha times each word's share."""
    counts = torch.zeros(words, words, device=text.device)
    counts.index_put_((text[:, :-1].flatten(), text[:, 1:].flatten()), torch.ones((), device=text.device),
                      accumulate=True)
    return counts + alpha * torch.bincount(text.flatten(), minlength=words) / text.numel()


class StatisticalGenerator(EncoderPretrainingMethod):
    card = Card(
        title="Statistical generator",
        papers=(Paper("Efficient pre-training objectives for Transformers", 2021, arxiv="2104.09694",
                      covers="replacements from counts"),),
        fidelity="core",
        needs_scale=("Loss on all words and no masks are what gives ELECTRA its gain over masked words.",
                     "Counts in place of a trained generator keep most of it."),
    )

    alpha: float = param(1.0, "weight of single words beside pairs", low=0.1, high=100.0)

    def prepare(self, task):
        net = task.start()
        task.add("head", nn.Linear(net.width, 1))
        self.odds = follow(task.text, task.words, self.alpha).cpu()
        return net

    def loss(self, net, task):
        ids = task.draw()
        chosen = task.choose(ids, 0.15)
        left = torch.cat([ids[:, :1], ids[:, :-1]], 1)[chosen].cpu()
        filled = ids.clone()
        filled[chosen] = torch.multinomial(self.odds[left], 1, generator=task.generator)[:, 0].to(ids.device)
        return detected(task.parts["head"](net.norm(net(filled)))[..., 0], filled != ids)
