"""A small site with something in every table, made by the real services, and what its pages and API answer.

    python -m tests.backup.content fill | pages | write        on the site of DATA_DIR and DATABASE_URL
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import nullcontext

import django

TOKEN = "assay_only-for-the-backup-tests"
DIGEST = "\n".join(json.dumps(record, ensure_ascii=False) for record in (
    {"title": "Forests in Rows", "abstract": "We plant trees in rows. Our forest reaches 81.5% accuracy on Meadow & "
     "Lake, 2.5x faster than the old forest. Größe, 数, 🙂.", "arxiv_id": "2401.00001", "authors": ["Ada", "Émile"]},
    {"title": "Forests in Rows: a Second Look", "abstract": "", "arxiv_id": "2401.00001"},
    {"title": "Sorting by Guessing", "abstract": "Guess an order, keep it when it is right. " * 4, "year": 2023},
    {"title": "A Map of Small Lakes", "abstract": "Lakes are drawn from radar images of rain. " * 4},
    {"title": "Counting Rivers", "url": "https://openreview.net/forum?id=rJ4km2R5t7", "year": 2019},
    {"title": "Counting Rivers", "year": 2020}, {"title": "Rivers, Counted Again", "year": 2020},
    {"title": "Counting Rivers", "year": 2023},
    {"abstract": "a record without a title"})).encode()


def fill() -> None:
    """Everything a site collects."""
    from django.contrib.auth.models import Group, Permission, User
    from django.core.management import call_command
    from django.db import transaction
    from django.http import QueryDict
    from django.test import Client

    from config.accounts.budget import allow
    from config.accounts.invitations import invite
    from config.accounts.models import ApiToken
    from config.asking.services import ask
    from evaluations.claims.verdicts import update_verdicts
    from evaluations.models import Asked, Claim, Prepared, ReportedClaim, Run, TabulatedResult
    from evaluations.reported.services import accept_claim, correct_claim, read_new_abstracts, undo_claim
    from evaluations.runs.kept_code import keep_library
    from evaluations.runs.services import cancel_run, claim_run, record_failure, record_outcome, request_runs
    from evaluations.snapshots.services import freeze_table
    from evaluations.tables.state import read_state
    from methods.linking import link_papers
    from methods.mirror import search_row
    from methods.models import BrokenFile, PaperLink
    from methods.services import curate_link
    from papers.following.events import tell
    from papers.following.happenings import happened
    from papers.following.models import Standing
    from papers.following.registry import Draft
    from papers.following.services import add_channel, change_view, confirm_address, follow, save_view
    from papers.identity.merging import merge_papers
    from papers.models import Digest, Paper
    from papers.search.refresh import embed_texts
    from papers.services import import_digest, record_search_texts, remove_digest
    from papers.shelf.models import PaperList
    from papers.shelf.owners import share_list
    from papers.shelf.services import list_papers, set_state, tag_papers, write_note
    from papers.sources.fetching import run_source
    from papers.sources.models import CodeLink, LookUp, Reference, Source
    from papers.sources.pacing import reserve
    from papers.sources.passwords import encrypted
    from papers.sources.services import save_source
    from papers.sources.wanted import want_papers
    from tests.evaluations.simulated_runs import make_arena, make_method

    call_command("migrate", verbosity=0)
    ada = User.objects.create_superuser("ada", "ada@example.org", "a long pass phrase")
    curators = Group.objects.create(name="curators")
    curators.permissions.add(Permission.objects.get(codename="change_paperlink"))
    ada.groups.add(curators)
    ada.user_permissions.add(Permission.objects.get(codename="add_run"))
    ApiToken.objects.create(user=ada, name="laptop", digest=ApiToken.digest_of(TOKEN))
    browser = Client()
    browser.post("/login/", {"username": "ada", "password": "wrong"})
    browser.post("/login/", {"username": "ada", "password": "a long pass phrase"})
    browser.post("/admin/auth/group/add/", {"name": "readers"})

    arena = make_arena()
    methods = [make_method(arena, slug, papers=papers) for slug, papers in (
        ("plain", []), ("guessing", [{"title": "Sorting by Guessing", "year": 2023, "arxiv": "", "covers": ""}]),
        ("rows", []))]
    for method in methods[1:]:
        Claim.objects.create(
            method=method, position=0, kind="Beats", rival="plain", metric="accuracy", setting="default",
            sentence="better accuracy than plain", terms=[
                {"weight": 1, "method": "", "metric": "accuracy", "setting": "default"},
                {"weight": -1, "method": "plain", "metric": "accuracy", "setting": "default"}])
    record_search_texts(map(search_row, methods))
    import_digest(name="march.jsonl", data=DIGEST, imported_by=ada)
    gone = import_digest(name="gone.jsonl", data=b'{"title": "Taken Back"}')
    remove_digest(digest=Digest.objects.get(pk=gone.digest_id))
    merge_papers(one=Paper.objects.get(title="Counting Rivers", year=2019).pk,
                 other=Paper.objects.get(title="Rivers, Counted Again").pk, by=ada)
    embed_texts()
    link_papers()
    curate_link(paper=Paper.objects.get(title_key="a map of small lakes"), method=methods[2], state=PaperLink.ACCEPTED,
                by=ada)

    library = keep_library()
    runs = request_runs(methods=methods, seeds=range(6), requested_by=ada).queued
    cancel_run(pk=runs.pop(), by=ada)
    failing, waiting = runs.pop(), runs.pop()
    record_failure(claim_run(pk=failing, worker="w"), failure="method", cause="it divided by zero", log="Traceback")
    assert Run.objects.get(pk=waiting).state == Run.QUEUED
    for pk in runs:
        run = claim_run(pk=pk, worker="w")
        better = {"plain": 0, "guessing": 20, "rows": -20}[run.method.slug]
        record_outcome(run, log="step 1\nstep 2 – done", outcome={
            "scores": {"accuracy": 50.1 + better + run.seed / 7, "error": 1 / 3 + run.seed}, "seconds": 1.5,
            "curve": [{"step": 0, "loss": 1.25}, {"step": 1, "loss": 0.1 + 0.2}], "counts": {"gradients": 50},
            "peak_memory_mb": 300.25, "device": "CPU",
            "environment": {"processor": "Abacus 3000", "library": library}})
    update_verdicts(arena=arena)
    read_new_abstracts()
    first, second = ReportedClaim.objects.order_by("pk")[:2]
    accept_claim(pk=first.pk, by=ada)
    correct_claim(pk=second.pk, by=ada, dataset="Meadow")
    undo_claim(pk=second.pk, by=ada)
    freeze_table(arena=arena, state=read_state(arena, QueryDict("")), by=ada, title="March")
    invite(names=["runner"], days=7, by=ada)
    allow(account=ada, seconds=7200, by=ada)
    ask(by=ada, target="method:sorting/rows", reason="it looks quick")
    Prepared.done("a step", "its key")
    BrokenFile.objects.create(path="methods/arenas/sorting/none.py", arena="sorting", method="none", line=3,
                              place="methods/arenas/sorting/none.py", reason="needs a class None_", sha256="0" * 64)
    source = save_source(source=Source(name="mails", kind=Source.IMAP, address="127.0.0.1:9", every_minutes=60,
                                       password=encrypted("a secret of the mails"), options={"user": "ada"}), by=ada)
    run_source(pk=source.pk).digests.add(Digest.objects.get())  # its look fails: nothing is asked of inner networks
    want_papers(text="arXiv:2401.00001 10.9999/nothing", by=ada)
    reserve("example.org", longest=0)
    view = save_view(owner=ada, name="Lakes", address="/papers/?q=lakes")
    change_view(view, name="Lakes", on_start=True, told=True)
    follow(owner=ada, kind="verdicts", key="all")
    Standing.objects.create(subject="arena:nothing", value={})
    channel, _ = add_channel(owner=ada, kind="mail", address="ada@example.org")
    confirm_address(channel)
    with transaction.atomic():
        tell([Draft("flipped", "verdict:0", "It turned", "/claims/", frozenset({("verdicts", "all")}))])
    happened("source", 0)
    one, other = Paper.objects.order_by("pk")[:2]
    set_state(user=ada, papers=[one.pk, other.pk], state="star", on=True)
    write_note(user=ada, paper=one.pk, text="*Rows* first. Größe, 数")
    tag_papers(user=ada, papers=[one.pk], name="trees/rows")
    list_papers(user=ada, papers=[other.pk, one.pk], name="To read")
    share_list(user=ada, pk=PaperList.objects.get().pk, days=None)
    LookUp.objects.create(paper=one, state=LookUp.DONE)
    CodeLink.objects.create(paper=one, url="https://github.com/ada/lakes", evidence="a list", state=CodeLink.EMPTY)
    Reference.objects.create(paper=one, key=f"title:{other.title_key}")
    Asked.objects.create(claim=Claim.objects.first(), request_key="asked", seeds=[10, 11], look=20, runs=4, seconds=9.0,
                         chance=0.4, information=0.3)
    TabulatedResult.objects.create(paper=one, digest=Digest.objects.get(), task="Naming", dataset="Lakes",
                                   metric="Recall", value="81.5 %", number=81.5, model="Ranger", key="k")


def pages() -> dict[str, str]:
    """What the pages and the API answer, without what differs from one look to the next."""
    from django.contrib.auth.models import User
    from django.test import Client

    from evaluations.models import ReportedClaim, Run, Snapshot, Verdict
    from papers.models import Cluster, Digest, Paper
    from papers.shelf.models import PaperList
    digest, snapshot = Digest.objects.get().pk, Snapshot.objects.get().pk
    addresses = [
        "/papers/duplicates/", "/api/duplicates", "/api/duplicates?state=different", "/api/merges",
        "/", "/papers/", "/digests/", f"/digests/{digest}/", "/clusters/",
        "/search/?q=forests", "/search/?q=lakes+rain", "/arenas/", "/arenas/sorting/", "/arenas/sorting/statistics/",
        "/methods/sorting/guessing/", "/claims/", "/claims/open/", "/claims/feed/", "/runs/", "/snapshots/",
        f"/snapshots/{snapshot}/", "/papers/papers.bib", "/api/papers", "/api/digests", f"/api/digests/{digest}",
        "/api/search?q=forests", "/api/clusters", "/api/arenas/sorting/table?format=csv", "/api/ledger", "/api/runs",
        "/api/claims", f"/api/snapshots/{snapshot}", f"/api/snapshots/{snapshot}/table?format=json"]
    for template, model in (("/papers/{}/", Paper), ("/api/papers/{}", Paper), ("/runs/{}/", Run),
                            ("/api/runs/{}", Run), ("/clusters/{}/", Cluster),
                            ("/api/claims/reported/{}", ReportedClaim)):
        addresses += [template.format(pk) for pk in model.objects.order_by("pk").values_list("pk", flat=True)]
    addresses += ["/trending/", f"/lists/shared/{PaperList.objects.get().share_key}/"]
    addresses += [f"/claims/{pk}/" for pk in Verdict.objects.order_by("claim").values_list("claim", flat=True)]
    browser, found = Client(), {}
    for address in addresses:
        answer = browser.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        text = re.sub(r"(<time [^>]*>)[^<]*", r"\1", body.decode())
        text = re.sub(r"\([^()]* ago\)|\(now\)", "(a while ago)", text)
        text = re.sub(r"\b(?=\w*[A-Z])[A-Za-z0-9]{64}\b", "a CSRF token", text)
        found[address] = f"{answer.status_code} {text}"
    browser.force_login(User.objects.get(username="ada"))
    for address in ("/api/sources", "/api/papers/wanted", "/api/asks", "/api/history", "/api/shelf/papers",
                    "/api/shelf/tags", "/api/shelf/lists"):
        answer = browser.get(address)
        found[address] = f"{answer.status_code} {answer.content.decode()}"
    found["original"] = b"".join(browser.get(f"/digests/{digest}/original/")).decode()
    return found


def counts() -> dict[str, int]:
    """Rows of every model of every app."""
    from django.apps import apps
    return {model._meta.label: model._base_manager.count() for model in apps.get_models(include_auto_created=True)}


def write() -> dict[str, object]:
    """What only a whole site can do: new rows get numbers of their own, the token and the password still work."""
    from django.test import Client

    from papers.models import Paper
    before = set(Paper.objects.values_list("pk", flat=True))
    text = json.dumps({"title": "A Paper after the Restore"})
    answer = Client().post("/api/digests", data=json.dumps({"text": text}), content_type="application/json",
                           headers={"Authorization": f"Bearer {TOKEN}"})
    browser = Client()
    browser.post("/login/", {"username": "ada", "password": "a long pass phrase"})
    return {"status": answer.status_code, "new": len(set(Paper.objects.values_list("pk", flat=True)) - before),
            "account": browser.get("/account/").status_code,
            "found": "A Paper after the Restore" in Client().get("/search/?q=restore").content.decode()}


if __name__ == "__main__":
    from django.test.utils import setup_test_environment
    django.setup()
    setup_test_environment()
    from workers.broker import embedded_broker
    with embedded_broker() if sys.argv[1] == "fill" else nullcontext():
        said = {"fill": fill, "pages": lambda: {"counts": counts(), "pages": pages()},
                "write": write}[sys.argv[1]]()
    print(json.dumps(said))
