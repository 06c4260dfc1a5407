"""The arena of syntax in attention: tokens' attention by another way, edges as Python has them."""

import ast

import numpy as np
import torch

from methods.arenas.syntax_probing.arena import SyntaxProbing
from methods.kit.stage.byte_code import LONGEST, RELATIONS, WORDS, _edges, _tokens, _trees
from methods.kit.stage.byte_models import byte_model, windows
from methods.kit.stage.byte_parts import opened

SOURCE = "if ready(x, [1]):\n    value = other\nvalue = call(value, key=3)\n"


def test_edges_are_those_of_the_grammar():
    tokens = _tokens(SOURCE)
    words = [token[3] for token in tokens]
    found = {(RELATIONS[r], words[i], words[j]) for r, i, j in _edges(ast.parse(SOURCE), SOURCE, tokens)}
    assert found == {("bracket", ")", "("), ("bracket", "]", "["), ("colon", ":", "if"), ("name", "value", "value"),
                     ("argument", "x", "ready"), ("argument", "[", "ready"), ("argument", "value", "call"),
                     ("argument", "key", "call"), ("value", "other", "value"), ("value", "call", "value")}
    assert all(SOURCE[a:b + 1] == text and WORDS[w] for a, b, w, text in tokens)


def test_a_statement_of_eight_tokens_has_the_tree_of_its_call():
    (begin, many, heights, labels, singles), *_ = _trees(ast.parse(SOURCE), SOURCE, _tokens(SOURCE))
    assert begin == 0
    assert many <= LONGEST
    assert len(heights) == len(labels) == many - 1
    assert len(singles) == many
    assert max(heights) == heights[0]                     # the whole parts after its first token


def test_the_model_opened_says_what_it_says_closed():
    net = byte_model("trained", True)
    ids = windows(2, 3, np.random.default_rng(0), True)[:, :-1]
    with torch.no_grad():
        assert torch.allclose(net.logits(opened(net, ids).states[-1]), net(ids), atol=1e-4)


def test_attention_between_tokens_is_a_mean_of_sums():
    stage = SyntaxProbing()
    data = stage.data(stage.trial(scale="smoke", seed=1))
    edges = data.test
    assert (edges.attention >= 0).all()
    assert (edges.attention.sum(2) <= 1 + 1e-4).all()     # bytes between tokens get the rest
    later = torch.arange(edges.words.shape[1]) > edges.query[:, None]
    assert edges.attention.masked_select(later[:, None].expand_as(edges.attention)).abs().max() < 1e-6
    assert (edges.known < edges.query).all()
    assert (edges.words[torch.arange(len(edges.query)), edges.known] >= 0).all()
