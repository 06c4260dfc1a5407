"""Search tests run the real encoder, FAISS and full-text index in a data folder of their own."""

import hashlib
import os
from pathlib import Path

import pytest

from papers.digests.reading import read_digest
from papers.models import SearchText
from tests.papers.search.stored_texts import search_texts


@pytest.fixture(scope="session")
def exported_models(tmp_path_factory):
    """One folder of exported models for all test processes: the export takes seconds."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    folder = shared / "models"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path, exported_models):
    """An empty DATA_DIR that knows the exported models."""
    (tmp_path / "models").symlink_to(exported_models)
    settings.DATA_DIR = tmp_path
    settings.ENCODER_MODEL = "all-MiniLM-L6-v2"
    settings.ENCODER_BACKEND = "openvino"
    return tmp_path


TOPICS = {
    "forgetting": ("catastrophic forgetting in neural networks", "An agent that learns tasks one after the other loses "
                   "the skills of the earlier ones. We rehearse stored examples to keep them."),
    "optimizer": ("an adaptive step size for stochastic gradients", "The learning rate follows running moments of the "
                  "gradient, so that badly scaled coordinates converge at one speed."),
    "protein": ("folding proteins from their sequence", "Residue contacts are predicted from aligned amino acid "
                "sequences and turned into three-dimensional structures."),
    "speech": ("recognising speech in noisy rooms", "A microphone array and a spectral mask clean the recording before "
               "the acoustic network transcribes it."),
    "weather": ("forecasting rain from radar images", "A convolutional network extrapolates precipitation fields a few "
                "hours ahead and beats the numerical forecast."),
}


@pytest.fixture
def topics(db):
    """Five papers on unlike subjects and two methods: {name: SearchText}."""
    rows = [("paper", str(number), title, body) for number, (title, body) in enumerate(TOPICS.values(), start=1)]
    rows += [("method", "continual/replay", "Experience replay", "Mixes stored examples of earlier tasks into every "
              "batch, against forgetting."),
             ("method", "optimizers/adam", "Adam", "Adaptive moments: a step size per coordinate from running means of "
              "the gradient and of its square.")]
    search_texts(*rows)
    names = [*TOPICS, "replay", "adam"]
    return dict(zip(names, SearchText.objects.order_by("pk"), strict=True))


@pytest.fixture(scope="session")
def digest_papers():
    """Title and abstract of each distinct paper of the real digests; skips where they are not at hand."""
    folder = Path(os.environ.get("ASSAY_DIGESTS") or Path(__file__).resolve().parents[3].parent / "shared" / "digests")
    files = sorted(folder.glob("*.txt"))
    if not files:
        pytest.skip(f"no digests in {folder}; set ASSAY_DIGESTS")
    found = {}
    for file in files:
        for record in read_digest(file.read_bytes(), file.name).records:
            found.setdefault(hashlib.sha256(record.title.lower().encode()).digest(), (record.title, record.abstract))
    return list(found.values())
