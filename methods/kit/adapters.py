"""A small transformer to be adapted, and the parts that adaptation puts into it.

Every place an adaptation may want is a module of its own that can be replaced: the linear maps `query`, `key`,
`value`, `out`, `up` and `down`, and the identities `after_attention`, `middle` and `after_feed`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SITES = ("query", "value", "up", "down")    # the linear maps that are reparametrised unless a paper says otherwise


class Attention(nn.Module):
    """Multi-head self-attention (B, T, D) -> same. `prefix` holds learnt `keys` and `values` (P, D) in front."""

    def __init__(self, width: int, heads: int, causal: bool):
        super().__init__()
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.heads, self.causal, self.prefix = heads, causal, None

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.query(x), self.key(x), self.value(x)
        if self.prefix is not None:
            keys, values = (each.expand(len(x), -1, -1) for each in (self.prefix.keys, self.prefix.values))
            k, v = torch.cat([keys, k], 1), torch.cat([values, v], 1)
        q, k, v = (each.unflatten(2, (self.heads, -1)).transpose(1, 2) for each in (q, k, v))
        seen = None
        if self.causal:
            seen = x.new_ones(q.shape[2], k.shape[2], dtype=torch.bool).tril(k.shape[2] - q.shape[2])
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        return self.out(mixed.transpose(1, 2).flatten(2))


class Feed(nn.Module):
    """Two linear maps with a GELU between them."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.up, self.middle, self.down = nn.Linear(width, hidden), nn.Identity(), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(self.middle(F.gelu(self.up(x))))


class Block(nn.Module):
    """Pre-norm layer: x + attention, then + feed-forward."""

    def __init__(self, width: int, hidden: int, heads: int, causal: bool):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), Attention(width, heads, causal)
        self.norm2, self.feed = nn.LayerNorm(width), Feed(width, hidden)
        self.after_attention, self.after_feed = nn.Identity(), nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.after_attention(self.attention(self.norm1(x)))
        return x + self.after_feed(self.feed(self.norm2(x)))


class PostNormBlock(Block):
    """The layer of BERT: the sum is normalised after attention and after the feed-forward part."""

    def __init__(self, width: int, hidden: int, heads: int):
        super().__init__(width, hidden, heads, False)
        self.norm1.eps = self.norm2.eps = 1e-12

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(x + self.after_attention(self.attention(x)))
        return self.norm2(x + self.after_feed(self.feed(x)))


class PatchStem(nn.Module):
    """Images (B, 1, H, W) -> one token per square patch (B, T, width)."""

    def __init__(self, patch: int, width: int):
        super().__init__()
        self.patch, self.map = patch, nn.Linear(patch * patch, width)

    def patches(self, x: Tensor) -> Tensor:
        """(B, T, patch * patch)"""
        return F.unfold(x, self.patch, stride=self.patch).transpose(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.map(self.patches(x))


class Transformer(nn.Module):
    """Stem, blocks, final norm and head. `per_token`: a language model; else the tokens' mean is read.

    `tokens` is the number of input tokens; tokens put in front of them take part in attention and are not read.
    """

    def __init__(self, stem: nn.Module, tokens: int, width: int, hidden: int, heads: int, layers: int, classes: int,
                 per_token: bool):
        super().__init__()
        self.stem, self.position = stem, nn.Parameter(0.02 * torch.randn(tokens, width))
        self.blocks = nn.ModuleList(Block(width, hidden, heads, per_token) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)
        if not per_token:
            self.hidden_token = nn.Parameter(torch.zeros(width))
            self.decoder = nn.Linear(width, stem.patch**2)  # type: ignore[arg-type, operator]  # torch types the parts of a module as either
        self.tokens, self.width, self.per_token = tokens, width, per_token

    def embed(self, x: Tensor) -> Tensor:
        """(B, T, D) tokens of the input with their positions."""
        return self.stem(x) + self.position

    def trace(self, h: Tensor) -> Iterator[Tensor]:
        """The state after every block in turn, (B, T', D)."""
        for block in self.blocks:
            h = block(h)
            yield h

    def encode(self, h: Tensor) -> Tensor:
        """The state after the last block, (B, T', D)."""
        for block in self.blocks:
            h = block(h)
        return h

    def pool(self, h: Tensor) -> Tensor:
        """What the head reads of (B, T', D): the mean of the input's tokens (B, D), or each of them (B * T, D)."""
        h = h[:, -self.tokens:]
        return h.flatten(0, 1) if self.per_token else h.mean(1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.norm(self.encode(self.embed(x)))))

    def hide(self, x: Tensor, share: float = 0.3) -> tuple[Tensor, Tensor | None]:
        """Tokens with a share of them hidden, and which (B, T); a language model hides nothing but the future."""
        h = self.stem(x)
        if self.per_token:
            return h + self.position, None
        hidden = torch.rand(h.shape[:2], device=h.device) < share
        return torch.where(hidden[:, :, None], self.hidden_token, h) + self.position, hidden

    def restore_loss(self, h: Tensor, x: Tensor, hidden: Tensor | None) -> Tensor:
        """How badly the encoded tokens h (B, T', D) tell the hidden patches, or the next symbols, of x."""
        h = self.norm(h[:, -self.tokens:])
        if self.per_token:
            return F.cross_entropy(self.head(h[:, :-1]).flatten(0, 1), x[:, 1:].flatten())
        error = (self.decoder(h) - self.stem.patches(x)).square().mean(2)  # type: ignore[operator]  # torch types the parts of a module as either
        return (error * hidden).sum() / hidden.sum().clamp(min=1)  # type: ignore[union-attr]  # given where it is read


class SentenceEncoder(Transformer):
    """Upper layers of a BERT-like encoder on the states (B, T, D) of the layers below; the tokens' mean is read."""

    def __init__(self, tokens: int, width: int, hidden: int, heads: int, layers: int, classes: int):
        nn.Module.__init__(self)
        self.blocks = nn.ModuleList(PostNormBlock(width, hidden, heads) for _ in range(layers))
        self.norm, self.head = nn.Identity(), nn.Linear(width, classes)  # type: ignore[assignment]  # either normalises
        self.tokens, self.width, self.per_token = tokens, width, False

    def embed(self, x: Tensor) -> Tensor:
        return x

    @property
    def stem(self) -> nn.Module:  # type: ignore[override]  # refused on purpose
        raise ValueError("the input of a sentence encoder is given: this method needs pictures or running text")

    def hide(self, x: Tensor, share: float = 0.3) -> tuple[Tensor, Tensor | None]:
        raise ValueError("a sentence encoder was not taught to restore what is hidden: "
                         "this method needs pictures or running text")


Make = Callable[[nn.Linear], nn.Module]


def linears(net: Transformer, sites: tuple[str, ...] = SITES) -> Iterator[tuple[nn.Module, str, nn.Module]]:
    """(parent, name, module) of the linear maps of every block, first block first."""
    for block in net.blocks:
        for site in sites:
            parent = block.feed if site in ("up", "down") else block.attention
            yield parent, site, getattr(parent, site)  # type: ignore[misc]  # torch types the parts of a module as either


def replace_linears(net: Transformer, make: Make, sites: tuple[str, ...] = SITES) -> list[nn.Module]:
    """Put make(linear) in the place of every linear map of the sites; returns what was put there."""
    put = []
    for parent, name, linear in list(linears(net, sites)):
        put.append(make(linear))  # type: ignore[arg-type]  # torch types the parts of a module as either
        setattr(parent, name, put[-1])
    return put


class LowRank(nn.Module):
    """base(x) + scale * b a x with a (rank, in) random or given and b (out, rank) zero or given; base is frozen."""

    def __init__(self, linear: nn.Linear, rank: int, scale: float = 1.0, a: Tensor | None = None,
                 b: Tensor | None = None):
        super().__init__()
        out, into = linear.weight.shape
        self.base, self.scale = linear, scale
        if a is None:
            a = linear.weight.new_empty(rank, into)
            nn.init.kaiming_uniform_(a, math.sqrt(5))
        self.a = nn.Parameter(a.detach().clone())
        self.b = nn.Parameter(linear.weight.new_zeros(out, rank) if b is None else b.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * F.linear(F.linear(x, self.a), self.b)

    def change(self) -> Tensor:
        """(out, in)"""
        return self.scale * self.b @ self.a


class Changed(nn.Module):
    """A linear map whose weight is `weight()`, a function of the frozen one; subclasses say which."""

    def __init__(self, linear: nn.Linear):
        super().__init__()
        self.base = linear

    def weight(self) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight(), self.base.bias)


class Bottleneck(nn.Module):
    """up(activation(down(x))), plus x when `residual`; up starts at zero."""

    def __init__(self, width: int, size: int, residual: bool = True, activation: Callable = F.gelu):
        super().__init__()
        self.down, self.up = nn.Linear(width, size), nn.Linear(size, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)
        self.residual, self.activation = residual, activation

    def forward(self, x: Tensor) -> Tensor:
        change = self.up(self.activation(self.down(x)))
        return x + change if self.residual else change


class Beside(nn.Module):
    """module(x) + side(x)"""

    def __init__(self, module: nn.Module, side: nn.Module):
        super().__init__()
        self.module, self.side = module, side

    def forward(self, x: Tensor) -> Tensor:
        return self.module(x) + self.side(x)


class Prefix(nn.Module):
    """Learnt keys and values (length, width) that attention sees before the tokens'."""

    def __init__(self, length: int, width: int):
        super().__init__()
        self.keys, self.values = (nn.Parameter(0.5 * torch.randn(length, width)) for _ in range(2))


class Scale(nn.Module):
    """gain * x with a learnt gain per channel that starts at one."""

    def __init__(self, width: int):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * x


def in_front(prompt: Tensor, h: Tensor) -> Tensor:
    """prompt (P, D) or (B, P, D) before the tokens h (B, T, D)."""
    return torch.cat([prompt.expand(len(h), -1, -1), h], 1)
