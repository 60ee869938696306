"""What the API answers in."""

from rest_framework.renderers import JSONRenderer

from technova.documents import FastJSONEncoder


class FastJSONRenderer(JSONRenderer):
    encoder_class = FastJSONEncoder
