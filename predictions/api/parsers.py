"""The request bodies that the API accepts, and its content negotiation: JSON."""

import json
import math
import re
from tempfile import SpooledTemporaryFile
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import JSONParser

PIECE = 2**20  # bytes of a chunked body that are read at a time


class AlwaysJSON(BaseContentNegotiation):
    """Bodies with the ``Content-Type`` of JSON or none; answers in the view's first format, whatever
    ``Accept`` prefers.
    """

    def select_parser(self, request, parsers):
        content_type = request.content_type.partition(";")[0].strip().lower()
        is_json = not content_type or re.fullmatch(r"application/(\S+\+)?json", content_type)
        if not is_json:
            raise UnsupportedMediaType(content_type, _("The body must be JSON in UTF-8, uncompressed."))
        return parsers[0]

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type


class Multipart(AlwaysJSON):
    """Bodies of a form with files alone."""

    def select_parser(self, request, parsers):
        is_form = request.content_type.partition(";")[0].strip().lower() == "multipart/form-data"
        return parsers[0] if is_form else None


class StrictJSONParser(JSONParser):
    """Unambiguous JSON: UTF-8 (a byte order mark is skipped), no duplicate keys, finite numbers, and text that
    both databases can store.
    """

    def parse(self, stream, media_type=None, parser_context=None):
        _refuse_encodings(parser_context["request"])
        try:
            text = stream.read().decode("utf-8-sig")
            data = json.loads(
                text,
                object_pairs_hook=_unique_keys,
                parse_int=_whole,
                parse_float=_finite,
                parse_constant=_refuse_constant,
            )
            if "\\u" in text:  # the only way for these to pass the decoding
                _refuse_unstorable_text(data)
        except UnicodeDecodeError as error:
            raise ParseError(_("The body is not UTF-8 text.")) from error
        except RecursionError as error:
            raise ParseError(_("The body is not valid JSON: nested too deeply.")) from error
        except json.JSONDecodeError as error:
            where = _("not readable from line %(line)d, column %(column)d on") % {
                "line": error.lineno,
                "column": error.colno,
            }
            raise ParseError(_("The body is not valid JSON: %(reason)s.") % {"reason": where}) from error
        except ValueError as error:
            raise ParseError(_("The body is not valid JSON: %(reason)s.") % {"reason": error}) from error
        return data


def take_chunks(request: WSGIRequest, most: int) -> None:
    """Buffer a chunked body and set its length: at most one byte more than ``most``; a large one lies on the disk.

    Raises ``ParseError`` for an incomplete one.
    """
    body: Any = SpooledTemporaryFile(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)  # noqa: SIM115 - gone with the request
    length = 0
    try:
        while length <= most and (piece := request.environ["wsgi.input"].read(min(PIECE, most + 1 - length))):
            length += len(piece)
            body.write(piece)
    except Exception as error:  # of the server, for what is not framed as chunks are, or of the connection
        raise ParseError(_("The body did not arrive whole.")) from error
    body.seek(0)
    request.META["CONTENT_LENGTH"] = str(length)
    request._stream = body


def _refuse_encodings(request) -> None:
    charset = request._request.content_params.get("charset", "utf-8").lower()
    coding = request.META.get("HTTP_CONTENT_ENCODING", "identity").lower()
    if charset not in ("utf-8", "utf8", "us-ascii") or coding != "identity":
        raise UnsupportedMediaType(charset, _("The body must be JSON in UTF-8, uncompressed."))


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    data = dict(pairs)
    if len(data) < len(pairs):
        raise ValueError(_("a key occurs twice"))
    return data


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:  # thousands of digits, which Python parses slowly
        raise ValueError(_("a number is too large")) from error


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(_("a number is too large"))
    return number


def _refuse_constant(name: str):
    raise ValueError(_("%(name)s is not a number") % {"name": name})


def _refuse_unstorable_text(data: object) -> None:
    """Raise ``ValueError`` for NUL, which PostgreSQL cannot store, and for half a surrogate pair."""
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and ("\0" in value or not _is_text(value)):
            raise ValueError(_("a text contains an invalid character"))


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
