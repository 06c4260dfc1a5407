"""The menu marks the section a page lies in, by its address."""

import re

import pytest

pytestmark = pytest.mark.django_db

MARKED = re.compile(r'aria-current="page">(\w+)<')


@pytest.mark.parametrize(("address", "section"), [
    ("/papers/", ["Papers"]), ("/papers/999/", ["Papers"]), ("/clusters/", ["Clusters"]), ("/methods/", ["Methods"]),
    ("/arenas/", ["Arenas"]), ("/compare/", ["Arenas"]), ("/claims/open/", ["Claims"]), ("/runs/", ["Runs"]),
    ("/digests/", ["Import"]), ("/status/", ["Status"]), ("/", []), ("/search/", []), ("/snapshots/", []),
    ("/nowhere/", [])])
def test_the_section_is_marked(client, address, section):
    assert MARKED.findall(client.get(address).text) == section
