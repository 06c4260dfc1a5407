"""Small additions to a frozen model: one for all text, then one for each cluster of windows, mixed when asked."""

from __future__ import annotations

from copy import deepcopy
from functools import partial

import torch
import torch.nn.functional as F
from sklearn.cluster import KMeans
from torch import Tensor, nn

from methods.arenas.mixture_of_experts.stage.task import PROMPT, Task, nats
from methods.kit.adapters import LowRank

PLACES = (("mixer", "ask"), ("mixer", "out"), ("feed", "rise"), ("feed", "out"))
POOL = 40               # windows a cluster, from which clusters are made and their additions learn


def adapted(net: nn.Module, rank: int, alpha: float) -> nn.Module:
    """Every map of the blocks frozen, with a low-rank addition beside it."""
    net.requires_grad_(False)
    for block in net.blocks:  # type: ignore[union-attr]
        for part, name in PLACES:
            owner = getattr(block, part)
            setattr(owner, name, LowRank(getattr(owner, name), rank, alpha / rank))
    return net


def additions(net: nn.Module) -> list[LowRank]:
    return [module for module in net.modules() if isinstance(module, LowRank)]


def loss_of(net: nn.Module):
    """What plain training lowers, as a loop asks for it."""
    return lambda windows, fields: nats(net(windows[:, :-1].long()), windows).mean()


def gradients(net: nn.Module, windows: Tensor) -> Tensor:
    """(N, P) the gradient of each window's mean loss by all additions' weights, from one pass backward a batch.

    An addition is y = scale b a x, so a window's gradient by b is scale sum_t g_t (a x_t)' and by a it is
    scale sum_t (b' g_t) x_t', with g_t that by y at place t.
    """
    parts, found = additions(net), []
    for batch in windows.split(128):
        seen: list[tuple[Tensor, Tensor]] = []
        hooks = [part.register_forward_hook(partial(_keep, seen)) for part in parts]
        with torch.enable_grad():
            loss = nats(net(batch[:, :-1].long()), batch).mean(1).sum()
            by = torch.autograd.grad(loss, [out for _, out in seen])
        for hook in hooks:
            hook.remove()
        rows = []
        for part, (x, _), g in zip(parts, seen, by, strict=True):
            rows.append(part.scale * torch.einsum("ntr,nti->nri", g @ part.b.detach(), x).flatten(1))
            rows.append(part.scale * torch.einsum("nto,ntr->nor", g, x @ part.a.detach().T).flatten(1))
        found.append(torch.cat(rows, 1))
    return torch.cat(found)


def _keep(seen: list[tuple[Tensor, Tensor]], _: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> None:
    seen.append((given[0].detach(), out))


def preconditioner(net: nn.Module, optimizer: torch.optim.Optimizer) -> Tensor:
    """(P,) what Adam divides gradients by, in the order of `gradients`."""
    spread = [optimizer.state[p]["exp_avg_sq"] for part in additions(net) for p in (part.a, part.b)]
    return torch.cat([each.flatten() for each in spread]).sqrt() + 1e-8


def clustered(vectors: Tensor, many: int) -> tuple[Tensor, Tensor]:
    """The cluster (N,) of each vector at length one, and the centres (many, P) at length one.

    >>> [round(c, 3) for c in clustered(torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]]), 2)[1].sum(1).tolist()]
    [1.0, 1.0]
    """
    fitted = KMeans(many, n_init=3, random_state=0).fit(F.normalize(vectors, dim=1).cpu().numpy())
    centres = torch.from_numpy(fitted.cluster_centers_).to(vectors)
    return torch.from_numpy(fitted.labels_).long(), F.normalize(centres, dim=1)


class Clustered:
    """What methods with one addition for each of `experts` clusters have in common. Half of the steps are for all text,
    the other half are parted among the clusters."""

    experts = 4
    rank = 4
    rate_factor = 1.0

    def build(self, task: Task) -> nn.Module:
        return nn.ModuleList([adapted(task.net(), self.rank, 2.0 * self.rank)])

    def grow(self, net: nn.ModuleList, specialist: nn.Module, task: Task) -> nn.ModuleList:
        """Nothing of it is kept: the first addition trains on, and clusters are made anew."""
        return nn.ModuleList([net[0]])

    def look(self, net: nn.Module, windows: Tensor) -> Tensor:
        """(N, P) what windows are clustered by."""
        raise NotImplementedError

    def train(self, net: nn.ModuleList, task: Task) -> nn.ModuleList:
        first, half = net[0], task.steps // 2
        self.optimizer = task.train(first, loss_of(first), steps=half, rate=self.rate_factor)
        pool = torch.randperm(len(task.windows), generator=task.generator)[:POOL * task.batch * self.experts // 4]
        groups, self.centres = self.part(first, task.windows[pool.to(task.windows.device)])
        left = task.steps - half
        made = []
        for i in range(self.experts):
            steps = left // self.experts if i < self.experts - 1 else left - left // self.experts * (self.experts - 1)
            made.append(deepcopy(first))
            mine = pool[groups == i]
            task.train(made[-1], loss_of(made[-1]), steps=steps, rows=mine if len(mine) else pool,
                       rate=self.rate_factor)
        return nn.ModuleList([first, *made])

    def part(self, net: nn.Module, windows: Tensor) -> tuple[Tensor, Tensor]:
        return clustered(self.look(net, windows), self.experts)

    def weights(self, net: nn.ModuleList, ids: Tensor) -> Tensor:
        """(B, 1 + experts) of the first addition and the clusters', by what windows begin with."""
        raise NotImplementedError

    def logits(self, net: nn.ModuleList, ids: Tensor, fields: Tensor | None, task: Task) -> Tensor:
        said = net[0](ids).log_softmax(2)
        if ids.shape[1] <= PROMPT:
            return said
        shares = self.weights(net, ids[:, :PROMPT]).log()
        every = torch.stack([said, *(each(ids).log_softmax(2) for each in list(net)[1:])])          # (K, B, T, V)
        return torch.cat([said[:, :PROMPT], (every + shares.T[:, :, None, None]).logsumexp(0)[:, PROMPT:]], 1)
