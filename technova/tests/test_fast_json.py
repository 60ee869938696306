import json
import math
import uuid
from datetime import date

import numpy as np
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ErrorDetail

from technova.web.fast_json import dump


def test_documents_read_as_what_they_were_made_from():
    floats = [-0.0, 5e-324, 1e-7, 1e16, 1.7976931348623157e308, *np.random.default_rng(0).normal(size=1000).tolist()]
    document = {"floats": floats, "text": 'é\u2028"\\\x1f', "whole": [0, -1, 2**53], "other": [None, True, False]}
    read = json.loads(dump(document))
    assert read == document
    assert math.copysign(1, read["floats"][0]) == -1


def test_values_that_json_does_not_know_are_written_as_before():
    number = uuid.uuid4()
    values = [gettext_lazy("Yes"), ErrorDetail("No", code="no"), number, date(2026, 1, 2)]
    assert json.loads(dump(values)) == ["Yes", "No", str(number), "2026-01-02"]
