"""Data of one's own in place of a pinned set at the scale gpu, from the folder to the score."""

import csv
import re
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from PIL import Image

from methods.arenas.long_tail.arena import LongTail
from methods.kit.engine import own_data
from methods.kit.engine.archives import fetch, read_members
from methods.kit.engine.code_digest import options_digests
from methods.kit.engine.execute import execute
from methods.kit.stage import lm_text
from methods.kit.stage.data import FASHION_MNIST, MOVIE_REVIEWS, cifar10, fashion_mnist, mnist, movie_reviews
from methods.kit.stage.sources import NOVELS
from methods.models import Arena
from methods.own_sets.services import take
from methods.selectors import own_data_of

KINDS, EACH = 10, 8


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "var"))
    return tmp_path / "var"


@pytest.fixture
def pictures(tmp_path):
    """Pictures of kind k are all of brightness 20 k; in each folder lies a file that is none."""
    for kind in range(KINDS):
        folder = tmp_path / "pictures" / f"kind-{kind}"
        folder.mkdir(parents=True)
        for at in range(EACH):
            Image.new("RGB", (40, 30), (20 * kind,) * 3).save(folder / f"{at}.png")
        (folder / "broken.png").write_bytes(b"no picture")
    return tmp_path / "pictures"


@contextmanager
def at_gpu(*sources):
    with own_data.in_use(sources, "gpu") as own:
        yield own


def test_pictures_in_folders_take_the_place_of_a_set(pictures, data_folder):
    own, taken = take("fashion-mnist", str(pictures), few=True, title="Grey squares", licence="CC0")
    assert (own.rows, taken.rows, len(taken.left_out)) == (KINDS * EACH, KINDS * EACH, KINDS)
    assert all(reason.startswith("broken.png: ") for reason in taken.left_out)
    with at_gpu(FASHION_MNIST) as used:
        images, labels = fashion_mnist()
    assert used == [own]
    assert images.shape == (KINDS * EACH, 28, 28) and labels.tolist() == sorted(list(range(KINDS)) * EACH)
    assert all((images[labels == kind] == 20 * kind).all() for kind in range(KINDS))
    with own_data.in_use([FASHION_MNIST], "full") as used:
        assert used == []


def test_every_seventh_picture_tests_where_a_set_has_no_test_pictures(pictures):
    take("mnist", str(pictures), few=True)
    take("cifar10", str(pictures), few=True)
    for load, shape in ((mnist, (28, 28)), (cifar10, (32, 32, 3))):
        with at_gpu(*load.sources):
            train, train_labels, test, test_labels = load()
        assert train.shape == (KINDS * (EACH - 1), *shape) and test.shape == (KINDS, *shape)
        assert test_labels.tolist() == list(range(KINDS)) and np.bincount(train_labels).tolist() == [EACH - 1] * KINDS


def test_a_run_measures_them_and_only_runs_at_that_scale_are_told_apart(pictures, data_folder, monkeypatch):
    gpu = LongTail.scales["gpu"]
    small = {"most": 5, "val": 1, "test": 2, "width": 4, "features": 8, "batch": 8, "steps": 3}
    monkeypatch.setitem(LongTail.scales, "gpu", replace(gpu, options={**gpu.options, **small}))
    before = options_digests(LongTail)
    own, _ = take("fashion-mnist", str(pictures), few=True, title="Grey squares")
    after = options_digests(LongTail)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {name for name in before if name.endswith("/gpu")}
    outcome = execute("long-tail", "cross-entropy", scale="gpu")
    assert outcome.environment["own fashion-mnist"] == f"Grey squares, {own.sha256[:12]}"
    assert 0 <= outcome.scores["balanced_accuracy"] <= 100
    assert "own fashion-mnist" not in execute("long-tail", "cross-entropy", scale="smoke").environment
    own_data.give_up("fashion-mnist")
    assert options_digests(LongTail) == before and not own_data.folder("fashion-mnist").exists()


def test_what_is_computed_of_them_is_kept_apart(pictures, data_folder):
    from methods.kit.engine.archives import decoded
    take("fashion-mnist", str(pictures), few=True)
    with at_gpu(FASHION_MNIST):
        total = decoded("total", 1, (FASHION_MNIST,), lambda _: {"total": fashion_mnist()[0].sum(dtype=np.int64)})
    assert total["total"] == sum(20 * kind for kind in range(KINDS)) * EACH * 28 * 28
    (kept,) = (data_folder / "datasets" / "own" / "made").glob("*/total-*")
    assert not (data_folder / "datasets" / "arrays").exists()
    own_data.give_up("fashion-mnist")
    assert not kept.exists()


def test_the_same_data_have_the_same_digest_and_others_replace_them(pictures):
    first, _ = take("fashion-mnist", str(pictures), few=True)
    again, _ = take("fashion-mnist", str(pictures), few=True)
    assert first.sha256 == again.sha256
    Image.new("RGB", (40, 30), (255,) * 3).save(pictures / "kind-3" / "0.png")
    other, _ = take("fashion-mnist", str(pictures), few=True)
    assert other.sha256 != first.sha256 and other.path.exists() and not first.path.exists()


def test_texts_of_two_origins(tmp_path):
    rows = [(f"film {i}", "good" if i % 2 else "bad", "shop" if i < 10 else "club") for i in range(20)]
    file = tmp_path / "reviews.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([("text", "label", "where"), *rows, ("", "good", "shop")])
    with pytest.raises(CommandError, match="name with --origin the column .* where"):
        call_command("own_data", "movie-reviews", str(file), content="text")
    with pytest.raises(CommandError, match="5 texts have the label bad and the origin club"):
        call_command("own_data", "movie-reviews", str(file), content="text", origin="where")
    own, taken = take("movie-reviews", str(file), columns=_columns(content="text", origin="where"), few=True)
    assert taken.left_out == ["train, row 21: a text, a label or an origin is missing"]
    with at_gpu(MOVIE_REVIEWS):
        texts, labels, sites = movie_reviews()
    assert list(texts) == [text for text, _, _ in rows]
    assert labels.tolist() == [i % 2 for i in range(20)] and sites.tolist() == [1] * 10 + [0] * 10  # in order of names


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet", "saved"])
def test_every_form_gives_the_same_texts(tmp_path, form):
    from datasets import Dataset
    rows = Dataset.from_list([{"text": f"film {i}", "label": i % 2, "where": "ab"[i // 4]} for i in range(8)])
    file = tmp_path / f"rows.{form}"
    {"csv": rows.to_csv, "tsv": lambda to: rows.to_csv(to, sep="\t"), "jsonl": rows.to_json, "parquet": rows.to_parquet,
     "saved": rows.save_to_disk}[form](str(file))
    own, _ = take("movie-reviews", str(file), columns=_columns(content="text", origin="where"), few=True)
    with at_gpu(MOVIE_REVIEWS):
        texts, labels, sites = movie_reviews()
    assert (list(texts), labels.tolist(), sites.tolist()) == (
        [f"film {i}" for i in range(8)], [0, 1] * 4, [0] * 4 + [1] * 4)


def test_plain_text_files_are_books(tmp_path):
    (tmp_path / "books").mkdir()
    for name, text in (("a", "Once.\n\nTwice."), ("b", "Thrice."), ("c", " ")):
        (tmp_path / "books" / f"{name}.txt").write_text(text)
    own, taken = take("novels", str(tmp_path / "books"), few=True)
    assert own.rows == 2 and taken.left_out == ["train, row 3: no text"]
    with at_gpu(NOVELS):
        assert [text for _, text in lm_text._novels(fetch(NOVELS))] == ["Once.\n\nTwice.", "Thrice."]
        assert len(list(read_members(fetch(NOVELS), "*"))) == 2


@pytest.mark.parametrize("asked, said", [
    (("fashion-mnist", "{pictures}"), "the class kind-. has 8 pictures; .* 6,998 of each. With --few"),
    (("quickdraw", "{pictures}"), "there are pictures of 10 classes; 345 are needed"),
    (("fashion-mnist", "{pictures}/nowhere"), "nowhere is not there"),
    (("fashion-mnist", "{pictures}/kind-0/broken.png"), "is of no kind that is read here"),
    (("movie-reviews", "{pictures}"), "no column has texts; name one with --content: there are image .*label"),
    (("fashion-mnist",), "say where the data are"),
])
def test_what_cannot_be_taken_says_why_and_changes_nothing(pictures, data_folder, asked, said):
    with pytest.raises(CommandError, match=said):
        call_command("own_data", *(word.format(pictures=pictures) for word in asked))
    assert own_data.manifests() == [] and not list((data_folder / "datasets" / "own").glob("*"))


def test_a_damaged_manifest_names_itself(pictures):
    take("fashion-mnist", str(pictures), few=True)
    (file,) = own_data.manifests()
    file.write_text("{")
    with pytest.raises(own_data.DataUnavailable, match=re.escape(str(file))):
        own_data.used_by([FASHION_MNIST], "gpu")
    assert str(file) in own_data_of(Arena(sources=[{"name": "fashion-mnist"}]))[0]  # and the page is shown


@pytest.mark.django_db
def test_the_command_tells_takes_and_gives_up(pictures, library, client):
    from methods.models import Method
    method = Method.objects.get(arena="long-tail", slug="cross-entropy")
    out, err = StringIO(), StringIO()
    call_command("own_data", stdout=out)
    assert out.getvalue().startswith("Nothing of your own")
    call_command("own_data", "fashion-mnist", str(pictures), few=True, title="Grey squares", licence="CC0", stdout=out,
                 stderr=err)
    assert "Grey squares (80 rows, CC0)" in out.getvalue() and "stands in for Fashion-MNIST" in out.getvalue()
    assert err.getvalue().count("left out: broken.png") == 5 and "and 5 more" in err.getvalue()
    assert "in place of fashion-mnist: Grey squares (80 rows, CC0)" in client.get("/arenas/long-tail/").content.decode()
    assert "Grey squares" not in client.get("/arenas/data-mixing/").content.decode()
    now = Method.objects.get(pk=method.pk)
    assert now.digests["default/full"] == method.digests["default/full"]
    assert now.digests["default/gpu"] != method.digests["default/gpu"]
    call_command("own_data", "fashion-mnist", give_up=True, stdout=out)
    assert Method.objects.get(pk=method.pk).digests == method.digests
    with pytest.raises(CommandError, match="nothing stands in for fashion-mnist"):
        call_command("own_data", "fashion-mnist", give_up=True)


def _columns(**named):
    from methods.own_sets.forms import Columns
    return Columns(**named)
