"""Versions with other content than was published, under the name that vouches for it."""

import json
from collections.abc import Callable
from pathlib import Path

from predictions.ml.artifacts import artifact, store


def change(
    directory: Path,
    *,
    card: Callable[[dict], object] | bytes | None = None,
    threshold: bytes | None = None,
    parameters: bytes | None = None,
) -> Path:
    """Give a version's directory other files and the name that they make; ``current`` still leads to it.

    ``card`` edits the card in place, or is the whole file.
    """
    path = directory / store.CARD_FILE
    if callable(card):
        changed = json.loads(path.read_bytes())
        card(changed)
        card = json.dumps(changed).encode()
    for name, data in ((store.CARD_FILE, card), (store.THRESHOLD_FILE, threshold), (store.PARAMETERS_FILE, parameters)):
        if data is not None:
            (directory / name).write_bytes(data)
    return rename(directory)


def rename(directory: Path) -> Path:
    """Give a version's directory the name that its files make."""
    files = {name: (directory / name).read_bytes() for name in store.FILES}
    day = directory.name.partition("-")[0]
    named = directory.rename(directory.with_name(f"{day}-{store.digest_of(files)}"))
    link = directory.parent.parent / "current"
    if link.is_symlink() and link.readlink().name == directory.name:
        artifact._link(Path("versions") / named.name, link)
    return named
