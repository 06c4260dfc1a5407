"""A small image transformer that learns classes in sequence, and what its methods keep from session to session."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.adapters import Block

WORD_FEATURES = 512


class ConvStem(nn.Module):
    """Three convolutions, each of stride 2 (the last of stride 1 for small images): (B, 1, H, W) -> (B, T, width)."""

    def __init__(self, side: int, width: int):
        super().__init__()
        strides = (2, 2, 2) if side > 16 else (2, 2, 1)
        sizes = (1, width // 4, width // 2, width)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, stride, 1)
                                    for a, b, stride in zip(sizes, sizes[1:], strides, strict=False))
        for stride in strides:
            side = (side + stride - 1) // stride
        self.tokens = side * side

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = F.relu(layer(x))
        return x.flatten(2).transpose(1, 2)


class Net(nn.Module):
    """Convolutional stem, transformer blocks, final norm; `head` (features -> classes) may be replaced.

    `text` maps the letters of class names to the space of the features.
    """

    def __init__(self, side: int, width: int, layers: int, heads: int, classes: int):
        super().__init__()
        self.stem, self.width = ConvStem(side, width), width
        self.tokens = self.stem.tokens
        self.position = nn.Parameter(0.02 * torch.randn(self.tokens, width))
        self.blocks = nn.ModuleList(Block(width, 2 * width, heads, False) for _ in range(layers))
        self.norm, self.text = nn.LayerNorm(width), nn.Linear(WORD_FEATURES, width)
        self.head: nn.Module = nn.Linear(width, classes)

    def embed(self, x: Tensor) -> Tensor:
        """(B, T, D) tokens of the images with their positions."""
        return self.stem(x) + self.position

    def encode(self, h: Tensor) -> Tensor:
        """Tokens after the last block, (B, T', D)."""
        for block in self.blocks:
            h = block(h)
        return h

    def pool(self, h: Tensor) -> Tensor:
        """The normed mean of the images' own tokens, (B, D); tokens put in front are not read."""
        return self.norm(h[:, -self.tokens:]).mean(1)

    def features(self, x: Tensor) -> Tensor:
        """(B, D)"""
        return self.pool(self.encode(self.embed(x)))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))

    def backbone(self) -> list[nn.Parameter]:
        """The parameters in front of the head."""
        return [p for name, p in self.named_parameters() if not name.startswith(("head.", "text."))]


class CosineHead(nn.Module):
    """scale * cos(x, w_c), (B, D) -> (B, C)."""

    def __init__(self, width: int, classes: int, scale: float = 16.0):
        super().__init__()
        self.weight, self.scale = nn.Parameter(torch.randn(classes, width) / width**0.5), scale

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * F.normalize(x, dim=1) @ F.normalize(self.weight, dim=1).T


def spelled(names: list[str]) -> Tensor:
    """(C, WORD_FEATURES) unit rows: hashed words and three-letter pieces of each name."""
    rows = torch.zeros(len(names), WORD_FEATURES)
    for row, name in zip(rows, names, strict=True):
        for word in name.split():
            padded = f"<{word}>"
            for piece in [word, *(padded[i:i + 3] for i in range(len(padded) - 2))]:
                row[zlib.crc32(piece.encode()) % WORD_FEATURES] += 1
    return F.normalize(rows, dim=1)


def frozen_copy(module: nn.Module) -> nn.Module:
    """A deep copy that is never trained; its passes are not counted as gradient evaluations."""
    copied = copy.deepcopy(module).requires_grad_(False)
    for part in copied.modules():
        part._forward_pre_hooks.clear()
    return copied


@torch.no_grad()
def in_parts(function: Callable[[Tensor], Tensor], x: Tensor, size: int = 512) -> Tensor:
    """function(x) without gradients, in batches."""
    return torch.cat([function(part) for part in x.split(size)])


def class_means(z: Tensor, y: Tensor, classes: Tensor) -> Tensor:
    """Mean row of z (N, D) for each of the classes, (K, D)."""
    member = (y[None, :] == classes[:, None]).float()
    return member @ z / member.sum(1, keepdim=True).clamp(min=1)


def only(logits: Tensor, classes: Tensor) -> Tensor:
    """Logits (B, C) with every class but the given ones out of the running."""
    out = torch.full_like(logits, -1e9)
    out[:, classes] = logits[:, classes]
    return out


def distillation(logits: Tensor, teacher: Tensor, t: float) -> Tensor:
    """t^2 * mean KL from the teacher's to the student's answers at temperature t, both logits (B, K)."""
    return t**2 * F.kl_div((logits / t).log_softmax(1), (teacher / t).softmax(1), reduction="batchmean")


class Gaussians:
    """Mean and covariance of the features of every class seen, to draw features of old classes from.

    The covariance is the class's own, shrunk towards the pooled one, plus a small ridge.
    """

    def __init__(self):
        self.means: dict[int, Tensor] = {}
        self.covariances: dict[int, Tensor] = {}

    def add(self, z: Tensor, y: Tensor, shrink: float = 0.5) -> None:
        """Take in features z (N, D) with labels y (N,); a class already known is replaced."""
        found = {int(c): z[y == c] for c in y.unique()}
        centred = torch.cat([rows - rows.mean(0) for rows in found.values()])
        eye = torch.eye(z.shape[1], device=z.device, dtype=z.dtype)
        pooled = centred.T @ centred / len(centred) + 1e-3 * eye
        for c, rows in found.items():
            self.means[c] = rows.mean(0)
            own = (rows - rows.mean(0)).T @ (rows - rows.mean(0)) / max(len(rows) - 1, 1)
            self.covariances[c] = (1 - shrink) * own + shrink * pooled

    def draw(self, each: int) -> tuple[Tensor, Tensor]:
        """`each` features of every class and their labels, (K * each, D) and (K * each,)."""
        z, y = [], []
        for c, mean in self.means.items():
            factor = torch.linalg.cholesky(self.covariances[c])
            z.append(mean + torch.randn(each, len(mean)).to(mean.device) @ factor.T)
            y.append(torch.full((each,), c, device=mean.device))
        return torch.cat(z), torch.cat(y)

    def matrix(self, classes: Tensor) -> Tensor:
        """The means of the classes, (K, D)."""
        return torch.stack([self.means[int(c)] for c in classes])


def align(head: nn.Module, gaussians: Gaussians, steps: int, rate: float, tau: float = 0.0, each: int = 4) -> None:
    """Train the head alone on features drawn from the Gaussians of all classes seen.

    With tau > 0 the logits l of a sample enter the cross-entropy as l / (tau * |l|).
    """
    classes = torch.tensor(sorted(gaussians.means), device=next(head.parameters()).device)
    trained = [p.requires_grad_(True) for p in head.parameters()]
    optimizer = torch.optim.SGD(trained, rate, momentum=0.9)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 - step / steps)
        z, y = gaussians.draw(each)
        logits = head(z)[:, classes]
        if tau:
            logits = logits / (tau * logits.norm(dim=1, keepdim=True).clamp(min=1e-6))
        loss = F.cross_entropy(logits, torch.searchsorted(classes, y))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    head.zero_grad(set_to_none=True)


class Memory:
    """Pictures kept for later sessions, at most `limit` of them."""

    def __init__(self, limit: int, like: Tensor):
        self.limit, self.offered = limit, 0
        self.x = like.new_zeros(0, *like.shape[1:])
        self.y = torch.zeros(0, dtype=torch.long, device=like.device)

    def __len__(self) -> int:
        return len(self.y)

    def draw(self, n: int) -> tuple[Tensor, Tensor]:
        """n pictures and labels drawn with replacement."""
        at = torch.randint(len(self.y), (n,)).to(self.y.device)
        return self.x[at], self.y[at]

    def offer(self, x: Tensor, y: Tensor) -> None:
        """Reservoir sampling: every picture offered so far is kept with the same probability."""
        for picture, label in zip(x, y, strict=True):
            self.offered += 1
            if len(self) < self.limit:
                self.x, self.y = torch.cat([self.x, picture[None]]), torch.cat([self.y, label[None]])
            elif (place := int(torch.randint(self.offered, (1,)))) < self.limit:
                self.x, self.y = self.x.clone(), self.y.clone()
                self.x[place], self.y[place] = picture, label

    def share(self, x: Tensor, y: Tensor, rank: Callable[[Tensor], Tensor] | None = None) -> None:
        """Give every class an equal share: known classes drop their last pictures, those in x (N, ...) fill up.

        `rank` orders the rows of one class, most wanted first; at random without it.
        """
        kept: dict[int, Tensor] = {int(c): self.x[self.y == c] for c in self.y.unique()}
        for c in y.unique():
            rows = x[y == c]
            rows = rows[rank(rows) if rank else torch.randperm(len(rows)).to(x.device)]
            kept[int(c)] = torch.cat([kept[int(c)], rows]) if int(c) in kept else rows
        quota = self.limit // max(len(kept), 1)
        kept = {c: rows[:quota] for c, rows in sorted(kept.items())}
        self.x = torch.cat([self.x[:0], *kept.values()])
        self.y = torch.cat([self.y[:0], *(self.y.new_full((len(rows),), c) for c, rows in kept.items())])


def with_memory(session, share: float = 0.0) -> tuple[Tensor, Tensor]:
    """A batch of the session's and of kept pictures, in views: `share` kept ones, or as many as their part of both."""
    kept = len(session.memory)
    share = share or kept / (kept + len(session.x))
    many = min(round(share * session.batch_size), session.batch_size - 1) if kept else 0
    x, y = session.draw(session.batch_size - many)
    if not many:
        return x, y
    old_x, old_y = session.memory.draw(many)
    return torch.cat([x, session.view(old_x)]), torch.cat([y, old_y])


@contextmanager
def swapped(parameters: list[nn.Parameter], values: list[Tensor]) -> Iterator[None]:
    """Inside the block the parameters hold the given values."""
    held = [p.data for p in parameters]
    for p, value in zip(parameters, values, strict=True):
        p.data = value
    try:
        yield
    finally:
        for p, data in zip(parameters, held, strict=True):
            p.data = data


def herding(z: Tensor, many: int) -> Tensor:
    """Rows of z (N, D) in the order in which their running mean best follows the mean of all, the first `many`."""
    mean, total, chosen = z.mean(0), z.new_zeros(z.shape[1]), []
    free = torch.ones(len(z), dtype=torch.bool, device=z.device)
    for k in range(min(many, len(z))):
        distance = (mean - (total + z) / (k + 1)).norm(dim=1).masked_fill(~free, torch.inf)
        pick = int(distance.argmin())
        chosen.append(pick)
        free[pick] = False
        total = total + z[pick]
    return torch.tensor(chosen, dtype=torch.long, device=z.device)


def numbers_held(*things: object) -> int:
    """How many numbers the tensors reachable from the given objects hold, each tensor counted once."""
    seen, count, waiting = set(), 0, list(things)
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, Tensor):
            count += thing.numel()
        elif isinstance(thing, nn.Module):
            waiting += [*thing.parameters(), *thing.buffers()]
        elif isinstance(thing, dict):
            waiting += thing.values()
        elif isinstance(thing, list | tuple | set):
            waiting += thing
        elif isinstance(thing, Memory | Gaussians):
            waiting += vars(thing).values()
    return count
