"""The parameters of a model as a file of plain arrays, which a server reads without the libraries that fitted them."""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from predictions.ml.decay import Decay
from predictions.ml.occupancy import Axis, Occupancy
from predictions.ml.scorer import Parameters
from predictions.ml.support import Support
from predictions.ml.terms import Curve, Levels, ModelTerm

FORMAT = 5  # other formats are refused


class NotPlain(ValueError):
    """The bytes are not parameters in this format."""


@dataclass(frozen=True, slots=True, eq=False)
class Plain:
    """Parameters, and profiles with the probabilities that they must reproduce once loaded."""

    parameters: Parameters
    reference: Mapping[str, np.ndarray]  # the used features, (n,) each: numbers or fixed-width text
    reference_probability: np.ndarray  # (n,)


def to_bytes(plain: Plain) -> bytes:
    """An npz file; equal parameters give equal bytes on the same version of numpy."""
    parameters = plain.parameters
    arrays = {
        "coefficients": parameters.coefficients,
        "means": parameters.means,
        "covariance": parameters.covariance,
        "void": parameters.support.occupancy.void,
        "reference_probability": plain.reference_probability,
    }
    arrays |= {f"reference_{name}": values for name, values in plain.reference.items()}
    for place, term in enumerate(parameters.terms):
        if isinstance(term, Levels):
            arrays[f"levels_{place}"] = term.levels
        else:
            arrays |= {f"knots_{place}": term.knots, f"pieces_{place}": term.pieces}
    head = {
        "format": FORMAT,
        "features": [term.feature for term in parameters.terms],
        "directions": [term.direction for term in parameters.terms],
        "interval_scale": parameters.interval_scale,
        "widest": parameters.widest,
        "horizon_months": parameters.horizon_months,
        "decay": [parameters.decay.rate, parameters.decay.error],
        "support": {
            "axes": [asdict(axis) for axis in parameters.support.occupancy.axes],
            "parts": parameters.support.parts,
            "points": parameters.support.points,
        },
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, head=np.array(json.dumps(head)), **arrays)
    return buffer.getvalue()


def from_bytes(data: bytes) -> Plain:
    """The parameters in a file's bytes; nothing in it is run. Raises ``NotPlain``."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        head = json.loads(arrays["head"].item())
        if head["format"] != FORMAT:
            raise NotPlain(f"it is in format {head['format']}, this program reads {FORMAT}")
        return _plain(head, arrays)
    except NotPlain:
        raise
    except Exception as error:  # a damaged zip file may raise any exception
        raise NotPlain(f"it cannot be read ({error!r})") from error


def _plain(head: dict, arrays: Mapping[str, np.ndarray]) -> Plain:
    parameters = Parameters(
        terms=tuple(
            _term(arrays, place, feature, direction)
            for place, (feature, direction) in enumerate(zip(head["features"], head["directions"], strict=True))
        ),
        coefficients=arrays["coefficients"],
        means=arrays["means"],
        covariance=arrays["covariance"],
        interval_scale=head["interval_scale"],
        widest=head["widest"],
        support=_support(void=arrays["void"], **head["support"]),
        horizon_months=head["horizon_months"],
        decay=Decay(*head["decay"]),
    )
    reference = {
        name.removeprefix("reference_"): values
        for name, values in arrays.items()
        if name.startswith("reference_") and name != "reference_probability"
    }
    return Plain(parameters, reference, arrays["reference_probability"])


def _support(void: np.ndarray, axes: list[dict], parts: list[list[str]], points: int | None) -> Support:
    return Support(
        Occupancy(tuple(_axis(**axis) for axis in axes), void),
        tuple((part, whole) for part, whole in parts),
        points,
    )


def _axis(features: list[str], starts: list[float], words: list[str], *, is_fine: bool) -> Axis:
    return Axis(tuple(features), tuple(starts), tuple(words), is_fine)


def _term(arrays: Mapping[str, np.ndarray], place: int, feature: str, direction: int) -> ModelTerm:
    if f"levels_{place}" in arrays:
        return Levels(feature, arrays[f"levels_{place}"])
    return Curve(feature, arrays[f"knots_{place}"], arrays[f"pieces_{place}"], direction)
