"""What the API answers in."""

from rest_framework.renderers import JSONRenderer

from technova.documents import dump


class FastJSONRenderer(JSONRenderer):
    """Like REST framework's own, the two characters that end a line in old JavaScript escaped; never with an indent."""

    def render(self, data, accepted_media_type=None, renderer_context=None) -> bytes:
        if data is None:
            return b""
        return dump(data).replace(LINE_SEPARATOR, rb"\u2028").replace(PARAGRAPH_SEPARATOR, rb"\u2029")


LINE_SEPARATOR, PARAGRAPH_SEPARATOR = "\N{LINE SEPARATOR}".encode(), "\N{PARAGRAPH SEPARATOR}".encode()
