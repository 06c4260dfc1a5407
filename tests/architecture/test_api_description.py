"""The API does what its description says: schemathesis asks every operation, as nobody and as one who may write.

No broker runs here: what would be sent to a worker stays in the database of the test.
"""

from __future__ import annotations

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.accounts.models import ApiToken
from config.api import api
from config.asking.services import ask
from config.wsgi import application
from evaluations.models import Claim, ReportedClaim, Run
from evaluations.reported.services import read_new_abstracts
from evaluations.snapshots.services import freeze_table
from evaluations.tables.state import default_state
from papers.models import Cluster, Digest, Paper
from papers.services import import_digest, record_search_texts
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = [(path, method) for path, operations in api.get_openapi_schema(path_prefix="")["paths"].items()
              for method in operations]


@pytest.fixture
def known(admin_user):
    """Rows behind every operation, and what its path names."""
    arena = make_arena()
    make_method(arena, "plain")
    method = make_method(arena, "quick", papers=[{"title": "Quick", "year": 2021}],
                         params=[{"name": "tau", "type": "float", "default": 1.0, "help": "h", "low": 0.0, "high": 4.0,
                                  "choices": None}])
    for each in arena.methods.all():
        add_runs(each, {"accuracy": draws(70, 3), "error": draws(1, 3)})
    claim = Claim.objects.create(method=method, position=0, kind="Beats", sentence="better", rival="plain",
                                 metric="accuracy", setting="default", terms=[])
    import_digest(name="a.jsonl", data=b'[{"title": "Quick", "abstract": "It has an accuracy of 81.5% on Lake."}, {}]')
    paper = Paper.objects.get()
    cluster = Cluster.objects.create(label="sorting", model_id="m", centroid=b"\0" * 8, terms=[])
    Paper.objects.update(cluster=cluster)
    record_search_texts([("paper", str(paper.pk), "Quick", ""), ("method", method.key, "Quick", "Sorts.")])
    read_new_abstracts()
    snapshot = freeze_table(arena=arena, state=default_state(arena), by=admin_user, title="Then")
    waiting = Run.objects.create(method=method, seed=7, code_digest=method.code_digest)
    return {"/papers/": {"paper_id": paper.pk}, "/digests/": {"digest_id": Digest.objects.get().pk},
            "/clusters/": {"cluster_id": cluster.pk}, "/methods/": {"arena": arena.slug, "slug": "quick"},
            "/arenas/": {"slug": arena.slug, "method": "quick"}, "/snapshots/": {"key": snapshot.key},
            "/asks/": {"pk": ask(by=admin_user, target="arena:sorting").pk},
            "/history/": {"kind": "paper", "key": paper.pk}, "/runs/": {"pk": waiting.pk}, "/ledger/": {"pk": claim.pk},
            "/claims/": {"pk": ReportedClaim.objects.get().pk}}


@pytest.fixture
def schema(db):
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=lambda part: part)
def test_an_operation_keeps_to_its_description(path, method, schema, known, admin_user):
    token = {"Authorization": f"Bearer {ApiToken.issue(user=admin_user, name='t')[1]}"}
    operation = schema[f"/api/v1{path}"][method.upper()]
    there = next((names for start, names in known.items() if path.startswith(start)), {})

    @hypothesis.settings(max_examples=6, deadline=None, database=None, derandomize=True,
                         suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.given(case=operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(
        GenerationMode.NEGATIVE), real=hypothesis.strategies.booleans(),
                      writer=hypothesis.strategies.booleans())
    def ask(case, real, writer):
        if real:
            case.path_parameters = {**(case.path_parameters or {}), **{
                name: value for name, value in there.items() if name in (case.path_parameters or {})}}
        case.call_and_validate(headers=token if writer else {}, checks=CHECKS)
    ask()
