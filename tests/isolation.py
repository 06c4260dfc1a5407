"""A pytest plugin loaded before Django's settings: every test process keeps its files and sockets to itself."""

import atexit
import os
import shutil
import tempfile

import pytest

_folder = tempfile.mkdtemp(prefix="assay-t-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["DATA_DIR"] = _folder
os.environ.pop("REDIS_URL", None)
os.environ.setdefault("LOG_LEVEL", "WARNING")


@pytest.fixture(autouse=True)
def nothing_kept_from_other_tests():
    """Rolled-back rows leave their numbers behind, so that what was kept of them would fit the next test's."""
    from django.core.cache import caches
    for memory in caches.all():
        memory.clear()
