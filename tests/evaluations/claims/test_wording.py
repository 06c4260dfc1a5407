"""The one sentence of a claim: titles, direction, points, and what became of it."""

from types import SimpleNamespace

import pytest

from evaluations.claims.verdicts import ClaimStanding, claim_list
from evaluations.claims.wording import claimed, sentence, statement
from evaluations.models import Claim, Verdict
from methods.models import Arena, Method
from tests.evaluations.claims.test_verdicts import claim_beats
from tests.evaluations.simulated_runs import make_arena, make_method

METRICS = [{"name": "acc", "title": "Target accuracy", "unit": "%", "better": "higher"},
           {"name": "count", "title": "Trained parameters", "unit": "parameters", "better": "lower"}]
ARENA = Arena(slug="peft", title="PEFT", metrics=METRICS, settings=[
    {"name": "default", "title": "doodles to clothing"}, {"name": "few", "title": "8 labels a kind"}])
LORA = Method(slug="lora", title="LoRA", arena=ARENA)


def claim(kind="Beats", metric="acc", setting="default", margin=0.0, cost="", terms=()):
    made = Claim(pk=1, method=LORA, kind=kind, sentence="as on the card", rival="prompt-tuning", metric=metric,
                 setting=setting, margin=margin, cost=cost, terms=list(terms))
    made.rival_title = "Prompt tuning"
    return made


def told(of, status, difference, *, n=10, p=0.001, effect=1.0, **more):
    verdict = Verdict(claim=of, status=status, n=n, difference=difference, low=difference - 1, high=difference + 1,
                      p_value=p, effect_size=effect, **more)
    return sentence(ClaimStanding(of, verdict))


def test_titles_direction_and_points():
    assert told(claim(), "confirmed", 2.6) == \
        "LoRA reaches 2.6 points more target accuracy than Prompt tuning; ten seeds agree."
    assert told(claim(), "refuted", -12.0, n=15) == \
        "LoRA reaches 12.0 points less target accuracy than Prompt tuning; 15 seeds refute the claim."
    assert told(claim(metric="count"), "confirmed", 8000, p=0, effect=None) == \
        "LoRA has 8,000.0 fewer trained parameters than Prompt tuning; the same at each of ten seeds."
    assert told(claim(setting="few"), "inconclusive", 0.3, seeds_needed=12) == (
        "Ten seeds cannot tell whether LoRA reaches more target accuracy than Prompt tuning (8 labels a kind): "
        "measured 0.3 points ahead; about 12 more may decide it.")
    assert sentence(ClaimStanding(claim(), None)) == \
        "Not measured yet: whether LoRA reaches more target accuracy than Prompt tuning."
    assert statement(claim(setting="few")) == "LoRA: higher target accuracy than Prompt tuning (8 labels a kind)"


def test_a_margin_is_not_part_of_the_lead_and_a_cost_is_told():
    saved = {"cost": "trained parameters", "recorded": "count", "unit": "parameters", "n": 10, "difference": 5000.0,
             "low": 5000.0, "high": 5000.0, "p_value": 0.0}
    assert told(claim("Matches", margin=2.0, cost="trained parameters"), "confirmed", 1.5, cost=saved) == (
        "LoRA is 0.5 points behind Prompt tuning in target accuracy (claimed: at most 2 points behind) and takes "
        "5,000 fewer trained parameters; ten seeds agree.")
    assert told(claim(margin=-3.0), "refuted", -1.0) == (
        "LoRA reaches 2.0 points more target accuracy than Prompt tuning, where more than 3 points was claimed; "
        "ten seeds refute the claim.")


@pytest.mark.parametrize(("kind", "said"), [
    ("GainGrows", "The lead of LoRA over Prompt tuning in target accuracy is 4.0 points larger in “8 labels a kind” "
                  "than in “doodles to clothing”; ten seeds agree."),
    ("Withstands", "LoRA suffers 4.0 points less in target accuracy than Prompt tuning from “doodles to clothing” to "
                   "“8 labels a kind”; ten seeds agree.")])
def test_changes_between_settings(kind, said):
    terms = [{"setting": name} for name in ("few", "few", "default", "default")]
    assert told(claim(kind, setting="few", terms=terms), "confirmed", 4.0) == said


def test_a_kind_without_words_of_its_own_keeps_those_of_its_card():
    assert claimed(claim("Novel")) == "as on the card"
    assert SimpleNamespace(**vars(claim("Novel"))).sentence in sentence(ClaimStanding(claim("Novel"), None))


@pytest.mark.django_db
def test_a_rival_s_title_is_that_of_its_own_arena():
    home, elsewhere = make_arena("sorting"), make_arena("juggling")
    make_method(home, "plain"), make_method(elsewhere, "plain", title="Plain juggling")
    claim_beats(make_method(home, "good"))
    [standing] = claim_list(arena=home)
    assert sentence(standing) == "Not measured yet: whether Good reaches more accuracy than Plain."
