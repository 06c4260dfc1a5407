"""Self-evolution: ask the model what it is least sure of, hide that, and soften the target with what it said.

    first reading without gradients: p(x_t);   hide the 15 % of lowest p;   y = (1 - a) onehot(x_t) + a p(. | x)

    L = - mean over hidden t of sum over w of y_w log p(w | x~)

The first reading sees the whole window and is forward alone, so a step costs 1.33 plain ones.

Departs from the paper: its details are taken from a summary, not from the text; it goes on from an encoder that has
read; its transfer of prompts is left out.

>>> import torch
>>> round(float(soft_loss(torch.zeros(1, 4), torch.tensor([2]), torch.full((1, 4), 0.25), 0.5)), 4)      # log 4
1.3863
"""

import torch

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.words import MASK
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def soft_loss(logits, truth, said, alpha):
    """Cross-entropy to (1 - alpha) onehot + alpha said, of (n, V)."""
    log = logits.log_softmax(-1)
    return -((1 - alpha) * log.gather(1, truth[:, None])[:, 0] + alpha * (said * log).sum(-1)).mean()


class SelfEvolution(EncoderPretrainingMethod):
    card = Card(
        title="Self-evolution",
        papers=(Paper("Toward Efficient Language Model Pretraining and Downstream Adaptation via Self-Evolution: A "
                      "Case Study on SuperGLUE", 2022, arxiv="2212.01853"),),
        fidelity="core",
        claims=(Beats("masked-language-model", on="probe_bits", by=0.01),),
    )
    cost = 1.33

    alpha: float = param(0.1, "weight of what the model said", low=0.0, high=0.5)

    def loss(self, net, task):
        ids = task.draw()
        with torch.no_grad():
            said = net.guess(net(ids)).softmax(-1)
        sure = said.gather(2, ids[..., None])[..., 0]
        many = max(1, round(0.15 * ids.shape[1]))
        at = sure.topk(many, 1, largest=False).indices
        hidden = torch.zeros_like(ids, dtype=torch.bool).scatter(1, at, True)
        state = net(torch.where(hidden, MASK, ids))
        return soft_loss(net.guess(state[hidden]), ids[hidden], said[hidden], self.alpha)
