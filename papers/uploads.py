"""Uploads kept between preview and confirmation, claimed by a signed token of the user who sent them."""

from collections.abc import Iterable, Mapping

from django.core import signing

from papers.storage import pending

DAY = 24 * 3600  # seconds


class UploadExpired(ValueError):
    """The token is forged, somebody else's or too old, or its files are gone."""


def keep_uploads(uploads: Iterable[tuple[str, bytes, Mapping[str, str]]], *, user) -> str:
    """Keep (name, bytes, columns) for a day. Returns the token that claims them."""
    pending.drop_older_than(DAY)
    files = [[name, pending.put(data), columns] for name, data, columns in uploads]
    return signing.dumps({"user": user.pk, "files": files}, salt="papers.pending", compress=True)


def claim_uploads(token: str, *, user) -> list[tuple[str, bytes, dict[str, str]]]:
    """The (name, bytes, columns) kept under the token. Raises UploadExpired."""
    try:
        claim = signing.loads(token, salt="papers.pending", max_age=DAY)
        if claim["user"] != user.pk:
            raise UploadExpired("This preview belongs to somebody else.")
        return [(name, pending.get(sha256), columns) for name, sha256, columns in claim["files"]]
    except (signing.BadSignature, KeyError) as error:
        raise UploadExpired("This preview is more than a day old. Upload the digest again.") from error


def removal_token(removal, *, user) -> str:
    """A token that lets the user bring the removed digest back."""
    return signing.dumps({"user": user.pk, "sha256": removal.sha256, "name": removal.name, "removed": removal.removed,
                          "kept": removal.kept, "columns": removal.columns}, salt="papers.removed", compress=True)


def removal_of(token: str, *, user) -> dict | None:
    """What the token says was removed; None when it is not this user's or too old."""
    try:
        claim = signing.loads(token, salt="papers.removed", max_age=DAY)
    except signing.BadSignature:
        return None
    return claim if claim["user"] == user.pk else None
