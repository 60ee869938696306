"""PDFs by typst, in a process of their own: setting one takes some 40 MB, which a web server would keep.

The font is a package of ours, and none of the machine's is used, so a page looks the same everywhere, and nothing is
fetched. The source is one file of ours; what it shows comes as data, which it cannot take for code.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SECONDS = 30  # for one document; an A4 page takes a tenth of a second


class TypesettingError(Exception):
    """The document could not be set; what typst says is for the log."""


def pdf(source: Path, data: Mapping[str, Any]) -> bytes:
    """The PDF of a typst source, whose ``sys.inputs.data`` is the data as JSON. Raises ``TypesettingError``."""
    command = [sys.executable, "-I", str(Path(__file__).resolve()), str(source)]
    try:
        done = subprocess.run(  # noqa: S603 - this file, by this interpreter
            command, input=json.dumps(data).encode(), capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise TypesettingError(f"{source.name} took more than {SECONDS} s") from error
    if done.returncode:
        raise TypesettingError(done.stderr.decode(errors="replace"))
    return done.stdout


def main() -> None:
    import fontpkg_noto_sans  # type: ignore[import-untyped]
    import typst

    text = Path(sys.argv[1]).read_bytes()  # as bytes: a document that is no file knows no path
    files = Path(fontpkg_noto_sans.__file__).with_name("files")
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[files])
    document = typst.compile(text, font_paths=fonts, sys_inputs={"data": sys.stdin.read()}, format="pdf")
    sys.stdout.buffer.write(document)


if __name__ == "__main__":
    main()
