"""Some papers of two digests, and two accounts."""

import json

import pytest

from papers.models import Paper
from papers.services import import_digest
from tests.papers.search.conftest import data_dir, exported_models  # noqa: F401  # one exported encoder for all

FIRST = ["Forests in Rows", "Sorting by Guessing", "A Map of Small Lakes"]
SECOND = ["Counting Rivers", "Forests in Rows", "Bridges of Paper"]


def bring(name: str, titles: list[str]) -> int:
    """The number of a digest of papers with these titles."""
    text = "\n".join(json.dumps({"title": title, "abstract": f"About {title.lower()}. " * 5}) for title in titles)
    return import_digest(name=name, data=text.encode()).digest_id


@pytest.fixture
def papers(db) -> dict[str, int]:
    """The papers' numbers by title."""
    bring("first.jsonl", FIRST)
    bring("second.jsonl", SECOND)
    return dict(Paper.objects.values_list("title", "pk"))


@pytest.fixture
def ada(django_user_model):
    return django_user_model.objects.create_user("ada", password="a long password")


@pytest.fixture
def bob(django_user_model):
    return django_user_model.objects.create_user("bob", password="a long password")


@pytest.fixture
def browser(client, ada):
    """Ada's."""
    client.force_login(ada)
    return client
