"""Equations of the arena of language distillation against computations that share no code with it."""

import math
from collections import Counter

import numpy as np
import pytest
import torch

from methods.arenas.language_distillation import distilbert, minilm, salt, tagger_pseudo_labels, tiny_bert, vidlankd
from methods.arenas.language_distillation.arena import scores
from methods.arenas.language_distillation.stage.task import helped, named, soft
from methods.kit.stage.word_text import CLASSES, class_of, number, shelf, vocabulary
from methods.kit.word_nets import WordNet, masked_loss


@pytest.fixture
def drawn():
    return torch.Generator().manual_seed(0)


def p(logits):
    e = np.exp(logits - logits.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_soft_and_named(drawn):
    z, t = torch.randn(2, 3, 4, generator=drawn).numpy(), torch.randn(2, 3, 4, generator=drawn).numpy()
    wanted = -(p(t) * np.log(p(z))).sum(-1).mean()
    assert soft(torch.tensor(z), torch.tensor(t)).item() == pytest.approx(wanted, rel=1e-4)
    y = np.array([[0, 1, 2], [3, 0, 1]])
    picked = np.take_along_axis(p(z), y[..., None], 2)
    assert named(torch.tensor(z), torch.tensor(y)).item() == pytest.approx(-np.log(picked).mean(), rel=1e-4)
    both = tagger_pseudo_labels.both(torch.tensor(z), torch.tensor(y), torch.tensor(z), torch.tensor(t))
    tags = np.take_along_axis(p(z), t.argmax(-1)[..., None], 2)
    assert both.item() == pytest.approx(-np.log(picked).mean() - np.log(tags).mean(), rel=1e-4)


def test_minilm_relations(drawn):
    a, b = torch.randn(2, 2, 2, 3, 8, generator=drawn).numpy()                 # (B, heads, T, d) each
    c, d = torch.randn(2, 2, 2, 3, 4, generator=drawn).numpy()                 # another width
    told, said = p(a @ b.swapaxes(-1, -2) / math.sqrt(8)), p(c @ d.swapaxes(-1, -2) / math.sqrt(4))
    wanted = (told * np.log(told / said)).sum(-1).mean()
    assert minilm.relation_loss(*map(torch.tensor, (a, b, c, d))).item() == pytest.approx(wanted, rel=1e-4)


def test_tiny_bert_compares_before_the_softmax(drawn):
    q, k = torch.randn(2, 1, 2, 3, 4, generator=drawn).numpy()
    found = tiny_bert.scores(torch.tensor(q), torch.tensor(k)).numpy()
    assert found == pytest.approx(q @ k.swapaxes(-1, -2) / 2, abs=1e-5)


def test_distilbert_cosine(drawn):
    a, b = torch.randn(2, 5, 3, generator=drawn).numpy()
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert distilbert.turned(torch.tensor(a), torch.tensor(b)).item() == pytest.approx(1 - cosine.mean(), rel=1e-4)


def test_nst_is_the_discrepancy_of_neurons(drawn):
    s, t = torch.randn(1, 6, 2, generator=drawn).numpy(), torch.randn(1, 6, 3, generator=drawn).numpy()
    s_, t_ = ([row / np.linalg.norm(row) for row in x[0].T] for x in (s, t))

    def k(a, b):
        return np.mean([[np.dot(x, y) ** 2 for x in a] for y in b])

    assert vidlankd.nst(torch.tensor(s), torch.tensor(t)).item() == pytest.approx(k(t_, t_) + k(s_, s_) - 2 * k(s_, t_),
                                                                                rel=1e-3)


def test_salt_mixes_and_chooses(drawn):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net, small = (WordNet(20, 8, 1, 2, 6) for _ in range(2))
    ids, hidden = torch.randint(20, (2, 6), generator=drawn), torch.rand(2, 6, generator=drawn) < 0.5
    seen = ids.masked_fill(hidden, 0)
    with torch.no_grad():
        said, told = (p(each.words(each.read(seen).last[hidden]).numpy()) for each in (net, small))
        true = -np.log(said[np.arange(len(said)), ids[hidden].numpy()]).mean()
        kl = (told * np.log(told / said)).sum(1).mean()
        assert helped(net, small, ids, seen, hidden, 0.25).item() == pytest.approx(0.75 * true + 0.25 * kl, rel=1e-4)
        assert helped(net, small, ids, seen, hidden, 0.0).item() == pytest.approx(true, rel=1e-4)
    nats = torch.tensor([[3.0, 1.0, 2.0], [9.0, 9.0, 9.0]])
    assert salt.hardness(nats, torch.tensor([[True] * 3, [False] * 3])).tolist() == [2.0, -math.inf]


def test_scores_of_known_answers():
    logits = torch.eye(3)[None]                                                       # says 0, 1, 2
    found = scores(logits, torch.tensor([[0, 1, 1]]), torch.eye(3)[None].flip(1))
    assert found["word_error"] == pytest.approx(100 / 3) and found["agreement"] == pytest.approx(100 / 3)


def test_words_and_their_classes():
    assert [CLASSES[class_of(tag)] for tag in ("at", "ppo", "np$", "--", "fw-nn", "to")] == [
        "determiner", "pronoun", "noun", "punctuation", "other", "particle"]

    ids = vocabulary(Counter({"the": 5, "of": 4, "walking": 1, "talking": 1, "x": 1}), 2, 1)
    assert ids == {"the": 4, "of": 5, "-ng": 6}
    assert [number(word, ids) for word in ("sing", "7th", "zz")] == [6, 2, 1]


def test_windows_of_tests_are_apart():
    text = shelf(True)
    assert not set(text.stretch[text.tests]) & set(text.stretch[~text.tests])
    assert text.words.shape == text.classes.shape and text.words.max() < text.vocabulary


def test_a_causal_network_does_not_look_ahead(drawn):
    ids = torch.randint(20, (1, 6), generator=drawn)
    later = ids.clone()
    later[0, 4:] = (later[0, 4:] + 1) % 20
    for causal in (True, False):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            net = WordNet(20, 8, 2, 2, 6, causal=causal)
        with torch.no_grad():
            same = torch.allclose(net(ids)[0, :4], net(later)[0, :4], atol=1e-7)
        assert same == causal
    assert math.isfinite(masked_loss(net, ids.repeat(8, 1), 0, drawn).item())
