"""The API's description as pages of the site."""

import re

import pytest
from django.urls import reverse

from config.api import api
from config.reference.selectors import kind_of, reference

pytestmark = pytest.mark.django_db
LEDGER = "?operation=evaluations_ledger_api_get_ledger"


@pytest.mark.parametrize("address", ["/api/docs", "/api/v1/docs"])
def test_every_operation_is_listed_in_the_site_s_own_frame(client, address):
    page = client.get(address).content.decode()
    assert 'aria-label="Main"' in page and "swagger" not in page.lower()
    keys = {operation["operationId"] for operations in api.get_openapi_schema()["paths"].values()
            for operation in operations.values()}
    assert set(re.findall(r'\?operation=(\w+)"', page)) == keys and len(keys) > 60
    for key in keys:
        assert client.get(f"{address}?operation={key}").status_code == 200, key
    assert client.get(f"{address}?operation=nothing").status_code == 404
    assert client.get(f"{address}?type=Nothing").status_code == 404


def test_an_operation_says_its_parameters_answers_and_how_to_ask(client):
    page = client.get(reverse("api:openapi-view") + LEDGER).content.decode()
    assert "<code>arena</code>" in page and "rows in one answer, at most 500" in page and "By default 500." in page
    assert "curl 'http://testserver/api/v1/ledger'" in page
    assert 'href="?type=Problem"' in page and 'href="/api/v1/ledger"' in page
    [key] = [operation["operationId"] for path, operations in api.get_openapi_schema(path_prefix="")["paths"].items()
             for method, operation in operations.items() if (path, method) == ("/runs", "post")]
    assert "Authorization: Bearer $TOKEN" in client.get(f"/api/docs?operation={key}").content.decode()


def test_every_type_that_is_named_has_a_page(client):
    found = reference(api.get_openapi_schema())
    named = {model for some in found.subjects.values() for operation in some for answer in operation.answers
             for model in answer.models}
    assert named and named <= set(found.models)
    for name in named:
        assert client.get(f"/api/docs?type={name}").status_code == 200, name


def test_kinds_in_words():
    assert kind_of({"type": "array", "items": {"$ref": "#/components/schemas/Run"}}) == "list of Run"
    assert kind_of({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 2**63}, {"type": "null"}]}) == \
        "whole number, at least 1"
    assert kind_of({"type": "string", "format": "date-time"}) == "moment"
    assert kind_of({"enum": ["cpu", "gpu"]}) == "one of cpu, gpu"
