"""Claims that nothing of an arena's size can test are shown as such, and are no claims with a verdict."""

import pytest
from django.urls import reverse

from evaluations.models import Claim
from methods.models import Method


def test_a_claim_that_needs_scale_is_shown_without_a_verdict(library, client):
    method = Method.objects.get(arena="peft", slug="prompt-tuning")
    [sentence] = method.needs_scale
    assert "billions of parameters" in sentence
    assert not Claim.objects.filter(method=method).exists()
    page = client.get(reverse("method_detail", args=["peft", "prompt-tuning"])).content.decode()
    assert "needs scale" in page and sentence in page
    assert client.get("/api/methods/peft/prompt-tuning").json()["needs_scale"] == [sentence]


@pytest.mark.parametrize("said", [("",), "A sentence, not a tuple"])
def test_each_is_a_sentence(said):
    from methods.kit.method import Card
    with pytest.raises(ValueError, match="needs_scale"):
        Card("Something", needs_scale=said)
