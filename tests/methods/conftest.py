"""The real method library mirrored into the test database, real vectors for it, and a small arena to change."""

import pytest

from tests.methods.tiny import tiny  # noqa: F401  a fixture


@pytest.fixture
def library(db):
    """Arenas and methods as the files say, with the papers they name."""
    from methods.mirror import import_starter_digest, sync_methods
    sync_methods()
    import_starter_digest()


@pytest.fixture(scope="session")
def library_vectors() -> dict[str, tuple[str, bytes]]:
    """What was embedded so far, by text hash: embedding the whole library takes longer than any test."""
    return {}


@pytest.fixture
def embedded(library, library_vectors):
    """The library with its vectors, index and clusters."""
    from papers.models import SearchText, Vector
    from papers.search.refresh import embed_texts
    Vector.objects.bulk_create(
        Vector(text=text, model_id=library_vectors[text.text_hash][0], text_hash=text.text_hash,
               dimension=len(library_vectors[text.text_hash][1]) // 4, values=library_vectors[text.text_hash][1])
        for text in SearchText.objects.all() if text.text_hash in library_vectors)
    for model in {model for model, _ in library_vectors.values()}:
        SearchText.objects.filter(text_hash__in=library_vectors).update(embedded_by=model)
    embed_texts()
    library_vectors.update((v.text_hash, (v.model_id, bytes(v.values))) for v in Vector.objects.all())
