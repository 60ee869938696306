"""Services: keep a file in the database, read it, and delete it after a day."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from tempfile import TemporaryFile

from django.db import transaction
from django.utils import timezone

from employees.access import readable_to, scope_of
from predictions.exports.models import Export, ExportPiece

PIECE = 2**20  # bytes
KEPT = timedelta(days=1)


def rights_of(user) -> str:
    """A fingerprint of whom an account sees and what it reads of them."""
    scope, readable = scope_of(user), readable_to(user)
    seen = [
        scope.sees_everyone,
        scope.names,
        scope.team and scope.team.person,
        readable.reads_everything,
        sorted(readable.columns),
    ]
    return hashlib.sha256(repr(seen).encode()).hexdigest()


def of_account(user):
    """The exports that an account may fetch: its own, made with the rights that it has now."""
    return Export.objects.filter(user=user, rights=rights_of(user), created_at__gt=timezone.now() - KEPT)


def keep(export: Export, *, name: str, people: int, parts: Iterable[bytes]) -> None:
    """Store the content of a file, which is then ready. It passes through a file without a name on this disk."""
    with TemporaryFile() as file:
        for part in parts:
            file.write(part)
        export.name, export.people, export.size, export.state = name, people, file.tell(), Export.State.READY
        file.seek(0)
        with transaction.atomic():  # short, since SQLite has one writer at a time
            export.pieces.all().delete()
            for place, piece in enumerate(iter(lambda: file.read(PIECE), b"")):
                ExportPiece.objects.create(export=export, place=place, content=piece)
            export.save(update_fields=["name", "people", "size", "state"])


def parts_of(export: Export) -> Iterator[bytes]:
    """The content, a piece at a time. A query for each piece."""
    pieces = ExportPiece.objects.filter(export=export)
    for place in range(-(-export.size // PIECE)):
        yield bytes(pieces.values_list("content", flat=True).get(place=place))


def purge() -> int:
    """Delete the exports of a day ago, and return how many."""
    old = Export.objects.filter(created_at__lt=timezone.now() - KEPT)
    count = old.count()
    old.delete()
    return count
