"""Where code is said to be, and what was found there: dated, by the site's own word, each link by itself."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from papers.models import Paper
from papers.services import import_digest
from papers.sources.code_links import AGAIN, check_code_links, code_of, note_code
from papers.sources.models import CodeLink
from tests.servers.upstream import Reply

REPOS = "/github_api/repos"


def repository(**fields) -> Reply:
    """As GitHub describes a repository."""
    return Reply(json.dumps({"id": 1, "full_name": "ada/meadows", "archived": False, "disabled": False, "size": 108,
                             "pushed_at": "2024-05-01T10:00:00Z", "license": None} | fields))


@pytest.fixture
def on(upstream, settings):
    settings.ENRICH = True
    return upstream


@pytest.fixture
def meadows(db) -> Paper:
    import_digest(name="a.json", data=json.dumps([{
        "title": "Meadows at Rest", "abstract": "They rest. Code: https://github.com/ada/meadows.",
        "url": "https://gitlab.com/group/sub/project", "pdf": "https://example.org/a.pdf"}]).encode())
    return Paper.objects.get()


def states(paper: Paper) -> dict[str, str]:
    return {link.url.rpartition("/")[2]: link.state for link in code_of(paper)}


def test_links_that_came_with_a_paper_are_shown_unlooked_at(meadows, client, settings):
    assert {link.url: link.evidence for link in code_of(meadows)} == {
        "https://github.com/ada/meadows": "its abstract", "https://gitlab.com/group/sub/project": "a list"}
    assert set(states(meadows).values()) == {"unseen"} and not CodeLink.objects.exists()
    page = client.get(f"/papers/{meadows.pk}/").content.decode()
    assert "not looked at" in page and "named by its abstract" in page
    assert settings.ENRICH is False and check_code_links() == 0


@pytest.mark.parametrize(("answer", "state", "detail"), [
    (repository(), "reachable", "last change 2024-05-01"), (repository(size=0), "empty", "nothing in it"),
    (repository(archived=True), "archived", "last change 2024-05-01"), (Reply("{}", 404), "gone", "HTTP 404"),
    (Reply("{}", 451), "gone", "HTTP 451")])
def test_what_github_says(on, meadows, client, answer, state, detail):
    on.pages |= {f"{REPOS}/ada/meadows": answer, "/gitlab_api/projects/group%2Fsub%2Fproject": Reply(json.dumps(
        {"archived": False, "empty_repo": True, "last_activity_at": "2024-01-01T00:00:00Z"}))}
    assert note_code(meadows, meadows.urls) == 2 and note_code(meadows, meadows.urls) == 0
    assert check_code_links() == 2 and check_code_links() == 0
    link = CodeLink.objects.get(url__contains="github")
    assert (link.state, link.detail, link.problem) == (state, detail, "") and link.checked_at
    assert link.next_check_at > timezone.now() + AGAIN - timedelta(hours=1)
    assert states(meadows)["project"] == "empty"
    page = client.get(f"/papers/{meadows.pk}/").content.decode()
    shown = page.partition("<dt>Code</dt>")[2].partition("</dd>")[0]
    assert f">{state}</span>" in shown and "named by its abstract" in shown
    assert f"{timezone.now():%B %Y}</time>" in shown
    assert page.count("https://github.com/ada/meadows\"") == 1, "among the code, not once more among the links"


@pytest.mark.parametrize("answer", [Reply("", 403), Reply("", 500), Reply("<html>rate limited</html>"), Reply("[]")])
def test_what_tells_nothing_keeps_what_was_known_and_stops_no_other(on, meadows, answer):
    on.pages |= {f"{REPOS}/ada/meadows": repository(), "/gitlab_api/projects/group%2Fsub%2Fproject": Reply("", 404)}
    note_code(meadows, meadows.urls)
    check_code_links()
    before = states(meadows)
    on.pages[f"{REPOS}/ada/meadows"] = answer
    CodeLink.objects.update(next_check_at=timezone.now())
    assert check_code_links() == 2 and states(meadows) == before == {"meadows": "reachable", "project": "gone"}
    link = CodeLink.objects.get(url__contains="github")
    assert link.problem and link.attempts == 1 and link.next_check_at > timezone.now()


def test_another_site_is_only_asked_whether_the_page_is_there(on, meadows, settings):
    page = f"{on.url}/codeberg.org/ada/meadows"
    CodeLink.objects.create(paper=meadows, url=page, evidence="a list", next_check_at=timezone.now())
    CodeLink.objects.create(paper=meadows, url="http://10.0.0.1/inside", evidence="a list",
                            next_check_at=timezone.now())
    on.pages["/codeberg.org/ada/meadows"] = Reply("<html>code</html>")
    check_code_links()
    assert states(meadows)["meadows"] in ("reachable", "unseen") and CodeLink.objects.get(url=page).state == "reachable"
    inside = CodeLink.objects.get(url__contains="10.0.0.1")
    assert inside.state == "unseen" and "not on the open internet" in inside.problem
