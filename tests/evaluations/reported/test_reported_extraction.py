"""Numbers of an abstract: results with unit, metric and rival; sizes and names told apart."""

from __future__ import annotations

import math

import pytest

from evaluations.reported.rules.extraction import extract


def pairs(text: str, kind: str = "result") -> list[tuple[float, str]]:
    return [(claim.value, claim.unit) for claim in extract(text) if claim.kind == kind]


@pytest.mark.parametrize("text, expected", [
    ("Our network reaches 81.5% accuracy on PlantNet.", [(81.5, "%")]),
    ("The error falls by 12\\% against the baseline.", [(12, "%")]),
    ("It gains 3.4 percentage points in recall.", [(3.4, "points")]),
    ("We improve the best result by 7 absolute points.", [(7, "points")]),
    ("It improves accuracy by 2.5% absolute over the teacher.", [(2.5, "% absolute")]),
    ("Inference is 4x faster and the model 2.5 times smaller.", [(4, "x"), (2.5, "x")]),
    ("Decoding becomes three times faster.", [(3, "x")]),
    ("A 10-fold reduction in memory is observed.", [(10, "x")]),
    ("Training is two orders of magnitude cheaper than before.", [(100, "x")]),
    ("It runs with only 1/8th of the memory.", [(0.125, "x")]),
    ("Gains of 5-9% are typical.", [(5, "%"), (9, "%")]),
    ("Gains of 5 to 9% are typical.", [(5, "%"), (9, "%")]),
    ("Accuracy rises from 61.2% to 70.4% on Birdsong.", [(61.2, "%"), (70.4, "%")]),
    ("We obtain a BLEU score of 31.7 for Frisian.", [(31.7, "BLEU")]),
    ("The F1 scores are 82.5 (95% CI 80.1-84.0), 85.2 (95% CI 83.0-87.1) and 83.9 (95% CI 81-86).",
     [(82.5, "F1"), (85.2, "F1"), (83.9, "F1")]),
    ("Training takes 3.5 hours on 8 A100 GPUs.", [(3.5, "hours")]),
    ("The prover solves 34 of 50 problems.", [(34, "problems of 50")]),
    ("The parser reaches F1 scores of 0.81, 0.77, and 0.92 on three treebanks.",
     [(0.81, "F1"), (0.77, "F1"), (0.92, "F1")]),
    ("With an mAP of 41.2 on Harbour, 38.5 on Forest and 44.0 on Desert it leads.",
     [(41.2, "mAP"), (38.5, "mAP"), (44.0, "mAP")]),
    ("It attains 0.88 AUROC for sepsis.", [(0.88, "AUROC")]),
    ("It wins on 5 out of 9 tasks.", [(5, "tasks of 9")]),
    ("It beats the rest on three of the four datasets.", [(3, "datasets of 4")]),
    ("Training takes only 35 minutes.", [(35, "minutes")]),
    ("It runs at 60 FPS.", [(60, "FPS")]),
    ("We train it for $420.", [(420, "$")]),
    ("It outperforms the rival by 1.8 and is smaller.", [(1.8, "points")]),
    ("Its accuracy is 77.1\\%|79.4\\%|80.2\\% for the three sizes.", [(77.1, "%"), (79.4, "%"), (80.2, "%")]),
    ("Memory falls by a factor of 6.", [(6, "x")]),
    ("It beats the rest by 1.2, 3.4, and 0.6 on the three lakes.", [(1.2, "points"), (3.4, "points"), (0.6, "points")]),
    ("Large gains follow (+2.6 on Lake).", [(2.6, "points")]),
    ("The model compresses to 3.1 bits per dimension.", [(3.1, "bits per dimension")]),
    ("It lifts the score to 80.5% (7.7% point absolute improvement), test F1 to 93.2 (1.5 point absolute improvement).",
     [(80.5, "%"), (7.7, "points"), (93.2, "F1"), (1.5, "points")]),
    ("Speedups between 2x and 5x, or 2-3x on average.", [(2, "x"), (5, "x"), (2, "x"), (3, "x")]),
    ("A correlation of r = 0.85 and an accuracy of 91.4 remain.", [(0.85, "plain"), (91.4, "%")]),
    ("It gains +2.1% on old classes in 15-1, +7.6% on new ones.", [(2.1, "%"), (7.6, "%")]),
    ("It scores 71.3pm0.4% accuracy.", [(71.3, "%")]),
    ("It achieves 76.2 on PlantNet and 81.4 on Harbour.", [(76.2, "points"), (81.4, "points")]),
    ("A tenfold increase in speed, at one fifth of the cost.", [(10, "x"), (0.2, "x")]),
    ("It rivals a model trained for twice as long.", []),
    ("From 32 pictures it gets 71.3 average accuracy.", [(71.3, "%")]),
    ("More than 6.54 and 1.07 decrease in FID and sFID are seen.", [(6.54, "FID"), (1.07, "FID")]),
    ("It saves at least 35.4G FLOPs.", [(35.4e9, "FLOPs")]),
    ("The average return of 3,450 is new.", [(3450, "return")]),
])
def test_results_and_their_units(text, expected):
    found = pairs(text)
    assert [unit for _, unit in found] == [unit for _, unit in expected]
    assert [value for value, _ in found] == pytest.approx([value for value, _ in expected])


@pytest.mark.parametrize("text", [
    "We compare GPT-3, SQuAD 2.0, T5 and wav2vec 2.0 on CIFAR-100 since 2019.",
    "Following earlier work (Miller and Stone, 2017; Rossi et al., 2021) [12, 13], we study it.",
    "We make two contributions: (1) a dataset and (2) a model; 3) is left open.",
    "Images of 224x224 pixels are used in the 5-shot setting with an 8-bit encoder.",
    "See https://example.org/v1.5/95%25 for code.",
    "We ran it three times with 95% confidence intervals.",
    "A masking ratio of 75% and a dropout of 0.1 are used, p < 0.05.",
    "We upscale by x4 super-resolution in Table 3.",
    "It was trained with a 3x schedule.",
    "The task is solved by no system so far, and one of the two models fails.",
])
def test_what_names_refers_or_sets_is_no_result(text):
    assert pairs(text) == []


@pytest.mark.parametrize("text, expected", [
    ("A model with 2.7B parameters sees 300 billion tokens.", [(2.7e9, "parameters"), (3e11, "tokens")]),
    ("The corpus covers 23 languages and 12GB of text.", [(23, "languages"), (12, "GB")]),
    ("We release 4.5 million labelled images.", [(4.5e6, "images")]),
    ("Models of 2 to 7B parameters are compared.", [(2e9, "parameters"), (7e9, "parameters")]),
    ("With 1% of the labels it keeps up.", [(1, "%")]),
])
def test_sizes_are_scale_facts(text, expected):
    assert pairs(text) == []
    assert pairs(text, "scale") == expected


def test_every_quote_is_the_text_at_its_span():
    text = ("Deep forests, which are hard to train (see above), reach 64.2% accuracy on Meadow; compared with a plain "
            "forest they need 3.5x less memory, while 7M parameters suffice. On Lake, the F1 of 0.71 is 4 points up!")
    found = extract(text)
    assert len(found) == 5
    for claim in found:
        assert text[claim.start:claim.end] == claim.quote
        assert claim.start <= claim.value_start < claim.value_end <= claim.end


def test_metric_dataset_and_rival():
    claim, = extract("It obtains 81.5% top-1 accuracy on PlantNet, outperforming the old forest by a wide margin.")
    assert (claim.metric, claim.dataset, claim.versus) == ("top-1 accuracy", "PlantNet", "the old forest")
    before, after = extract("It lifts accuracy from 61.2% to 70.4% on Birdsong.")
    assert (before.metric, after.metric, after.versus) == ("accuracy", "accuracy", "61.2%")
    saved, = extract("It needs 6x less memory than the full model.")
    assert (saved.metric, saved.versus) == ("less memory", "the full model")


def test_a_list_of_numbers_takes_a_list_of_datasets_in_turn():
    found = extract("It reaches 61.2%, 70.4%, and 55.0% on Meadow, Old Lake and Dune-5, respectively.")
    assert [claim.dataset for claim in found] == ["Meadow", "Old Lake", "Dune-5"]


@pytest.mark.parametrize("text", ["", "   ", "No numbers here.", "100%", "(((1) 2.5", "5" * 400 + "%",
                                  "%" * 50 + " 3 x" * 50])
def test_odd_texts_do_no_harm(text):
    for claim in extract(text):
        assert text[claim.start:claim.end] == claim.quote
        assert math.isfinite(claim.value)
