"""CorDA: cut the weight along the directions that inputs really take.

A plain singular value decomposition of a weight knows nothing of its inputs. CorDA decomposes the weight times the
covariance of the inputs it sees, and undoes the covariance afterwards. To keep what the model knows, the covariance
is taken on source inputs and the r smallest components are trained; to learn fast, it is taken on target inputs and
the largest are trained.

    C = X X^T / n + 0.01 mean(diag) I,   W C = U S V^T,   W = U S (V^T C^-1)                    (eq. 2-3)
    B = U_r S_r^(1/2),   A = S_r^(1/2) V_r^T C^-1,   W_res = W - B A

Departs from the paper: query, value and both maps of the feed-forward part are changed, as for every low-rank method
here; C is a mean over tokens, not a sum, which changes how size is shared between B and A; where inputs of the source
do not fit the network's input any more (`modality`), those of the target stand in for them.

>>> import torch
>>> up, down, rest = oriented_parts(torch.eye(2), torch.diag(torch.tensor([9.0, 1.0])), 1, smallest=True)
>>> (up @ down).round(decimals=4).abs().tolist()                             # the direction that inputs hardly take
[[0.0, 0.0], [0.0, 1.0]]
"""

import torch

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import LowRank, linears, replace_linears
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def oriented_parts(weight, covariance, r, smallest):
    """Factors (out, r) and (r, in) of the chosen components, and what is left of the weight (out, in)."""
    u, s, vh = torch.linalg.svd(weight @ covariance, full_matrices=False)
    back = torch.linalg.solve(covariance, vh, left=False)
    chosen = slice(len(s) - r, None) if smallest else slice(r)
    up, down = u[:, chosen] * s[chosen].sqrt(), s[chosen, None].sqrt() * back[chosen]
    return up, down, weight - up @ down


class Corda(PeftMethod):
    card = Card(
        title="CorDA",
        papers=(Paper("CorDA: Context-Oriented Decomposition Adaptation of Large Language Models", 2024,
                      arxiv="2406.05223"),),
        fidelity="faithful",
        claims=(Beats("lora", on="source_accuracy"), Beats("pissa", on="source_accuracy"),
                Matches("lora", on="target_accuracy", within=1.0)),
    )

    r: int = param(4, "how many components are trained", low=1, high=8)
    mode: str = param("knowledge-preserved", "keep the source's directions, or look ahead to the target's",
                      choices=("knowledge-preserved", "instruction-previewed"))

    @torch.no_grad()
    def adapt(self, net, task):
        seen, smallest = {}, self.mode == "knowledge-preserved"

        def watch(module, inputs):
            x = inputs[0].flatten(0, -2)
            seen[module] = x.T @ x / len(x)

        hooks = [linear.register_forward_pre_hook(watch) for _, _, linear in linears(net)]
        x = task.context if smallest and task.context.shape[1:] == task.train.x.shape[1:] else task.pool
        net.encode(net.embed(x[:256]))
        for hook in hooks:
            hook.remove()

        def split(linear):
            c = seen[linear]
            c = c + 0.01 * c.diagonal().mean() * torch.eye(len(c), device=c.device)       # so that it can be inverted
            up, down, rest = oriented_parts(linear.weight.double(), c.double(), self.r, smallest)
            linear.weight.copy_(rest)
            return LowRank(linear, self.r, a=down.float(), b=up.float())

        replace_linears(net, split)
