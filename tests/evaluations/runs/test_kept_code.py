"""The library's files are kept once, and come back as they were."""

import hashlib
import importlib
import io
import zipfile
import zlib

import pytest

from evaluations.models import Blob, Library
from evaluations.runs.kept_code import keep_library, library_folder
from tests.evaluations.counting import fetched

pytestmark = pytest.mark.django_db


@pytest.fixture
def library(tmp_path, settings):
    """A small library of files on disk; returns its folder."""
    settings.BASE_DIR, settings.DATA_DIR = tmp_path, tmp_path / "data"
    for name in ("__init__.py", "kit/__init__.py", "kit/nets.py", "arenas/sorting/arena.py"):
        path = tmp_path / "methods" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"NAME = {name!r}\n")
    return tmp_path / "methods"


def test_a_changed_file_adds_itself_alone(library):
    first = keep_library()
    assert keep_library() == first and Library.objects.count() == 1 and Blob.objects.count() == 4
    (library / "kit/nets.py").write_text("NAME = 'changed'\n")
    second = keep_library()
    assert second != first and Library.objects.count() == 2 and Blob.objects.count() == 5
    for key, text in ((first, "NAME = 'kit/nets.py'\n"), (second, "NAME = 'changed'\n")):
        folder = library_folder(key)
        assert (folder / "methods/kit/nets.py").read_text() == text
        assert (folder / "methods/arenas/sorting/arena.py").exists()


def test_a_library_that_is_kept_costs_one_look(library, django_assert_num_queries):
    keep_library()
    with django_assert_num_queries(1), fetched(Blob) as blobs:
        keep_library()
    assert not blobs


def test_what_cannot_be_read_is_left_out(library):
    (library / "arenas/sorting/gone.py").symlink_to("nowhere")
    (library / "arenas/sorting/folder.py").mkdir()
    names = [name for name, _ in Library.objects.get(pk=keep_library()).files]
    assert names == ["methods/__init__.py", "methods/arenas/sorting/arena.py", "methods/kit/__init__.py",
                     "methods/kit/nets.py"]


def test_one_that_is_not_kept_is_named():
    with pytest.raises(Library.DoesNotExist):
        library_folder("0" * 16)


def test_archives_of_before_become_files():
    """The migration's step, on rows as they were before it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("methods/kit/nets.py", "A = 1\n")
        archive.writestr("methods/kit/more.py", "A = 1\n")
    kept = Library(key="0123", files=[])
    kept.archive = packed.getvalue()

    class Rows:
        """The libraries as the migration sees them: one row, which has an archive still."""

        def values_list(self, *names, flat):
            return ["0123"]

        def get(self, pk):
            return kept

    class Apps:
        def get_model(self, app, name):
            return Blob if name == "Blob" else type("Library", (), {"objects": Rows()})

    Library.objects.bulk_create([kept])
    importlib.import_module("evaluations.migrations.0007_blobs").unpack(Apps(), None)
    sha256 = hashlib.sha256(b"A = 1\n").hexdigest()
    assert Library.objects.get(pk="0123").files == [["methods/kit/nets.py", sha256], ["methods/kit/more.py", sha256]]
    assert zlib.decompress(Blob.objects.get(pk=sha256).packed) == b"A = 1\n"
