"""The French catalogue is complete, compiled and well set; who gets which language."""

import ast
import gettext
import re
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import override
from django.utils.translation.template import templatize

pytestmark = pytest.mark.slow

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "locale" / "fr" / "LC_MESSAGES" / "django.po"
PLACES = {  # of the context and of the message, in a call
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"), (None, 0)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (0, 1)),
}


@pytest.fixture(scope="module")
def catalogue():
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="fr", abort_invalid=True)


def messages_in_code():
    """The message ids of the code and the templates: file, context and text."""
    for app in ("technova", "employees", "features", "predictions"):
        for path in (ROOT / app).rglob("*.py"):
            if "tests" not in path.parts:
                for context, text in messages_in_python(path.read_text(encoding="utf-8")):
                    yield path.name, context, text
    for path in (ROOT / "templates").rglob("*.html"):
        lines = templatize(path.read_text(encoding="utf-8")).splitlines()
        source = "\n".join(map(str.strip, lines)).encode()  # Python to the tokenizer, which minds indentation
        for _line, message, _comments, context in extract("python", BytesIO(source)):
            yield path.name, context, message[0] if isinstance(message, tuple) else message


def messages_in_python(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PLACES:
            context, text = (None if place is None else node.args[place] for place in PLACES[node.func.id])
            if isinstance(text, ast.Constant):
                yield context and context.value, text.value


def texts(message):
    return message.string if isinstance(message.string, tuple) else (message.string,)


def test_every_message_of_the_code_is_in_the_catalogue(catalogue):
    used = set(messages_in_code())
    assert len(used) > 500
    assert [(name, text) for name, context, text in used if not catalogue.get(text, context)] == []


def test_every_message_is_translated(catalogue):
    assert [message.id for message in catalogue if not all(texts(message))] == []


def test_no_translation_is_fuzzy(catalogue):
    assert [message.id for message in catalogue if message.id and message.fuzzy] == []


def test_translations_keep_the_placeholders(catalogue):
    assert [(message.id, error) for message, errors in catalogue.check() for error in errors] == []


def test_compiled_catalogue_is_up_to_date(catalogue):
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in catalogue:
        if isinstance(message.id, tuple):
            found = tuple(compiled.ngettext(*message.id, count) for count in (1, 2))
            assert found == message.string
        elif message.id:
            found = compiled.pgettext(message.context, message.id) if message.context else compiled.gettext(message.id)
            assert found == message.string
    assert len([key for key in compiled._catalog if key]) == sum(len(texts(entry)) for entry in catalogue if entry.id)


def test_french_texts_keep_their_spaces_and_apostrophes(catalogue):
    wrong = re.compile(r" [:;!?»](?!\w)|« | %%(?!\()|\w'\w")
    assert [text for message in catalogue for text in texts(message) if message.id and wrong.search(text)] == []


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "fr"), ("en", "en"), ("en-GB,en;q=0.9", "en"), ("fr-CA", "fr"), ("de", "fr"), ("de,en;q=0.5", "en")],
)
def test_language_of_a_visitor(client, settings, accepted, language):
    settings.LANGUAGE_CODE = "fr"
    response = client.get("/login/", headers={"Accept-Language": accepted})
    assert response["Content-Language"] == language


@pytest.mark.django_db
def test_chosen_language_wins_over_the_browser(client):
    client.post("/language/", {"language": "fr", "next": "/login/"})
    response = client.get("/login/", headers={"Accept-Language": "en"})
    assert response["Content-Language"] == "fr"
    assert "Se connecter" in response.content.decode()


@pytest.mark.parametrize(
    ("language", "day", "expected"),
    [
        ("fr", date(2026, 11, 1), "1er novembre 2026"),
        ("fr", date(2026, 11, 11), "11 novembre 2026"),
        ("en", date(2026, 11, 1), "1 November 2026"),
    ],
)
def test_first_of_a_month_is_ordinal_in_french(language, day, expected):
    with override(language):
        assert date_format(day) == expected
