"""Windows of source files, the tokens in them that have a head there, and what the byte model does with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.arenas.syntax_probing.stage.task import Edges
from methods.kit.lm_nets import Body
from methods.kit.stage.arena import Trial
from methods.kit.stage.byte_code import RELATIONS, WORDS, Code, code
from methods.kit.stage.byte_models import LENGTH, byte_model
from methods.kit.stage.byte_parts import opened


@dataclass(frozen=True)
class SyntaxData:
    train: Edges
    test: Edges


def syntax_data(trial: Trial) -> SyntaxData:
    o, text = trial.options, code(trial.options.small, trial.progress)
    net, files = byte_model(o.stage, o.small, trial.progress), np.unique(text.file)
    files = trial.numpy("files").permutation(files)
    half = len(files) // 2
    return SyntaxData(*(_edges(text, net, chosen, many, trial.numpy(name), trial) for name, chosen, many in
                        (("train", files[:half], o.train_windows), ("test", files[half:], o.test_windows))))


def _edges(text: Code, net: Body, files: np.ndarray, many: int, drawn: np.random.Generator, trial: Trial) -> Edges:
    """Edges within windows that begin at a token."""
    room, begins = trial.options.tokens, drawn.choice(np.flatnonzero(np.isin(text.file, files)), many)
    begins = begins[text.first[begins] + LENGTH <= len(text.text)]
    ids = torch.from_numpy(text.text[text.first[begins][:, None] + np.arange(LENGTH)].astype(np.int64))
    rows = np.minimum(begins[:, None] + np.arange(room), len(text.first) - 1)
    first, last = (torch.from_numpy(side[rows] - text.first[begins][:, None]).long()
                   for side in (text.first, text.last))
    whole = (last < LENGTH) & (first >= 0) & torch.from_numpy(text.file[rows] == text.file[begins][:, None])
    byte = torch.arange(LENGTH)
    member = ((byte >= first[..., None]) & (byte <= last[..., None]) & whole[..., None]).float()      # (B, T, bytes)
    order = np.argsort(text.edges[:, 1], kind="stable")
    by_query = text.edges[order]
    window, edges = [], []
    for b, begin in enumerate(begins):
        low, high = np.searchsorted(by_query[:, 1], (begin, begin + room))
        found = by_query[low:high][by_query[low:high, 2] >= begin] - (0, begin, begin)
        found = found[whole[b].numpy()[found[:, 1]]]
        window.append(np.full(len(found), b))
        edges.append(found)
    at = torch.from_numpy(np.concatenate(window)).long()
    relation, query, head = torch.from_numpy(np.concatenate(edges)).long().T.contiguous()
    attention, states = _read(net, ids, member, at, query)
    ends = last.clamp(0, LENGTH - 1)
    there = states.gather(1, ends[..., None].expand(-1, -1, states.shape[2]))[at]
    words = torch.from_numpy(text.word[rows]).long().masked_fill(~whole, -1)[at]
    earlier = torch.arange(room) < query[:, None]
    parts = (relation, query, head, words, earlier, attention, there[torch.arange(len(at)), query], there)
    return Edges(*(part.to(trial.device) for part in parts), trial, len(RELATIONS), len(WORDS))


@torch.no_grad()
def _read(net: Body, ids: Tensor, member: Tensor, at: Tensor, query: Tensor) -> tuple[Tensor, Tensor]:
    """Attention (E, K, T) from each edge's token to all tokens, and what the first block reads (B, bytes, D)."""
    kept, states = [], []
    for low in range(0, len(ids), 32):
        part = opened(net, ids[low:low + 32])
        rows = ((at >= low) & (at < low + 32)).nonzero().squeeze(1)
        here = at[rows] - low
        asking = member[at[rows], query[rows]]
        asking = asking / asking.sum(1, keepdim=True)
        maps = torch.cat(part.attention, 1)                                          # (b, K, bytes, bytes)
        by_byte = torch.einsum("bnt,bktu->bnku", _spread(asking, here, len(maps)), maps)
        place = _place(here)
        kept.append(torch.einsum("eku,etu->ekt", by_byte[here, place], member[at[rows]]))
        states.append(part.states[0])
    return torch.cat(kept), torch.cat(states)


def _place(window: Tensor) -> Tensor:
    """How many edges of the same window came before each."""
    return torch.arange(len(window)) - torch.searchsorted(window, window)


def _spread(asking: Tensor, window: Tensor, windows: int) -> Tensor:
    """(b, N, bytes) the rows of each window side by side."""
    place = _place(window)
    spread = asking.new_zeros(windows, int(place.max()) + 1 if len(place) else 1, asking.shape[1])
    spread[window, place] = asking
    return spread
