"""The format of a model card, its types and ranges, and its parser.

Every key that pages, commands and scoring runs use is checked here. Imports no library of a model, so that every
command can check the current card cheaply.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from employees.messages import gettext_noop as _
from features.schema import BY_NAME

FEATURE_SETS = ("default", "all")
SELECTIONS = ("threshold", "top_20")
ATTRIBUTES = {"genre": _("Sex"), "age": _("Age"), "statut_marital": _("Family status")}  # of ``fairness``, ``proxies``
SCORES = "probability"  # the name under which the scores stand beside the features in ``drift``
SHARES = (  # of ``metrics``: their means are from 0 to 1
    *("roc_auc", "average_precision", "best_f2", "best_f1", "brier", "precision_top_10", "recall_top_20"),
    *("flagged", "precision", "recall", "specificity", "f1", "f2"),
)
METRICS = (*SHARES, "log_loss", "calibration_slope", "calibration_intercept")
OF_PROBABILITIES = (*SHARES[:7], *METRICS[len(SHARES) :])  # those of ``metrics`` that need no threshold

Share = Annotated[float, Meta(ge=0, le=1)]
Amount = Annotated[float, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=0)]
People = Annotated[int, Meta(ge=1)]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
FeatureSet = Annotated[str, Meta(pattern="^(default|all)$")]
Texts = Annotated[list[str], Meta(min_length=1)]
Shares = Annotated[list[Share], Meta(min_length=1)]
Amounts = Annotated[list[Amount], Meta(min_length=1)]


class InvalidFile(ValueError):
    """A file in another format; the message names the key and the rule."""


class Figure(TypedDict):
    """A figure over the outer test parts: its mean, its spread and the 95 % interval of the mean."""

    mean: float
    sd: Amount
    low: float
    high: float


class CalibrationBin(TypedDict):
    n: Positive
    predicted: Share
    observed: Share
    low: Share
    high: Share


class Calibration(TypedDict):
    """See ``curves.reliability``."""

    bins: Annotated[list[CalibrationBin], Meta(min_length=1)]
    expected_calibration_error: Share


class GroupDepartures(TypedDict):
    """See ``curves.departures_by_group``."""

    group: str
    n: People
    expected: Amount
    observed: Count
    low: Amount
    high: Amount
    is_within: bool


class Roc(TypedDict):
    """See ``curves.roc``."""

    false_positive_rate: Shares
    true_positive_rate: Shares


class PrecisionRecall(TypedDict):
    """See ``curves.precision_recall``."""

    recall: Shares
    precision: Shares


class Capacity(TypedDict):
    """See ``curves.capacity``."""

    people: Annotated[list[Count], Meta(min_length=1)]
    share: Shares
    precision: Shares
    recall: Shares
    lift: Amounts


class Rate(TypedDict):
    value: Amount
    low: Amount
    high: Amount


class GroupRates(TypedDict):
    """See ``fairness.audit``."""

    attribute: str
    group: str
    n: People
    leavers: Count
    is_small: bool  # too few to judge (``disparity.is_unjudged``), not to disclose
    selection_rate: Rate | None
    selection_ratio: Rate | None
    recall: Rate | None
    precision: Rate | None
    observed_to_expected: Rate | None


class GroupCurve(TypedDict):
    """See ``fairness.curves``; the thresholds are those of ``threshold.curve``."""

    attribute: str
    group: str
    n: People
    leavers: Count
    is_small: bool
    flagged: Amounts
    caught: Amounts


class Side(TypedDict):
    """One of the two models, evaluated on people it had not seen."""

    features: Texts
    uses_protected: bool
    metrics: dict[str, Figure]  # see ``quality.figures`` and ``quality.decisions``
    calibration: Calibration
    departures: dict[str, list[GroupDepartures]]  # by ``departement`` and by ``poste``
    roc: Roc
    precision_recall: PrecisionRecall
    capacity: Capacity
    fairness: dict[str, list[GroupRates]]  # by selection


class Shape(TypedDict):
    """The effect of one feature in log-odds, 0 for the average of the workforce, with its 90 % interval.

    ``at`` are the levels of a choice, or the knots of a number between which the effect is straight. ``weight`` is its
    mean absolute contribution: how much it moves scores.
    """

    feature: str
    is_levels: bool
    at: Annotated[list[float | str], Meta(min_length=1)]
    effect: list[float]
    low: list[float]
    high: list[float]
    weight: Amount


class ChosenPenalty(TypedDict):
    C: Positive
    folds: Count


class Training(TypedDict):
    """The people in the evaluation; the penalty C, and how often each was chosen.

    ``seen_correction``: the factor by which the probabilities of those present are too low, since the model was trained
    on their having stayed: the out-of-fold sum over the model's own sum; 1 for a forecast. ``objecting``: the people
    whose data it did not learn from, since they object; None for one to four.
    """

    employees: People
    leavers: People
    base_rate: Annotated[float, Meta(gt=0, lt=1)]
    sha256: Sha256
    feature_set: FeatureSet
    seed: int
    C: Positive
    C_chosen: list[ChosenPenalty]
    seen_correction: Positive
    objecting: NotRequired[int | None]


class Decayed(TypedDict):
    """See ``decay.Decay``."""

    rate: float
    error: Amount


class LearnedHistory(TypedDict):
    """The person-periods that a forecast learned from, and their outcomes."""

    since: date
    until: date
    people: People
    periods: People
    left: Count
    vanished: Count
    departures_known: dict[str, Count]  # by feature: departures of people whose value is known
    decay: Decayed


class QuarterOfTest(TypedDict):
    since: date
    people: Count
    expected: Amount
    observed: Count
    low: Amount
    high: Amount


class FirstFound(TypedDict):
    people: People
    expected: Amount
    departures: Count
    low: Amount
    high: Amount


class OutOfTime(TypedDict):
    """Learned up to a day, tested on the months after it; see ``out_of_time.judge``."""

    learned_until: date
    months: People
    learned_departures: Count
    people: People
    departures: Count
    vanished: Count
    expected: Amount
    low: Amount
    high: Amount
    metrics: dict[str, Figure]
    calibration: Calibration
    quarters: list[QuarterOfTest]
    first: list[FirstFound]


class Evaluation(TypedDict):
    folds: Count
    repeats: Count
    inner_folds: Count


class CardCosts(TypedDict):
    departure: Positive
    talk: Positive
    chance: Annotated[float, Meta(gt=0, le=1)]


class ThresholdCurve(TypedDict):
    threshold: Shares
    flagged: Shares
    precision: Shares
    recall: Shares
    f2: Shares
    cost: Amounts


class ThresholdChoice(TypedDict):
    rule: str
    threshold: Share
    flagged: Share
    precision: Share
    recall: Share
    f2: Share
    cost: Amount


class ThresholdPart(TypedDict):
    """See ``thresholds.describe``."""

    value: Annotated[float, Meta(ge=0.01, le=0.99)]
    rule: str
    costs: CardCosts
    curve: ThresholdCurve
    choices: Annotated[list[ThresholdChoice], Meta(min_length=1)]


class RiskCoverage(TypedDict):
    low: Share
    high: Share
    coverage: Share


class Coverage(TypedDict):
    overall: Share
    by_risk: list[RiskCoverage]


class Uncertainty(TypedDict):
    """How much wider than the Laplace approximation the intervals are, and their coverage by simulation."""

    interval_scale: Annotated[float, Meta(ge=1)]
    coverage: Coverage
    draws: Count


class ProxyFeature(TypedDict):
    feature: str
    share: Share


class Proxy(TypedDict):
    """See ``fairness.proxies``."""

    attribute: str
    together: Share
    features: list[ProxyFeature]


class Bins(TypedDict):
    """Numbers by ``cuts``, choices by ``levels``; see ``drift.reference``."""

    cuts: NotRequired[list[float]]
    levels: NotRequired[list[str]]
    counts: list[Amount]
    expected: list[Amount]  # departures
    later: Annotated[list[list[Amount]], Meta(min_length=1)]  # counts after one year, two and so on
    renewed: Annotated[float, Meta(gt=0, le=1)]  # people who are new or have another value a year later


class Drift(TypedDict):
    """The reference for the workforce, without data of a person: those present on a day, if one is known."""

    employees: Count
    as_of: Day | None
    bins: dict[str, Bins]


class Card(TypedDict):
    """The part of a card that training computes."""

    purpose: Texts
    misuse: Texts
    method: Texts
    limits: Texts
    horizon_months: Annotated[int, Meta(ge=1, le=60)] | None  # None: a classification of one table, without dates
    feature_set: FeatureSet
    uses_protected: bool
    used: Texts
    left_out: list[str]  # the protected ones that are not used
    training: Training
    history: LearnedHistory | None  # of a forecast
    out_of_time: OutOfTime | None  # of a forecast with a history long enough
    evaluation: Evaluation
    metrics: dict[str, Figure]  # of this model: ``models[feature_set]["metrics"]``
    models: dict[str, Side]  # by feature set
    group_curves: list[GroupCurve]  # of this model
    threshold: ThresholdPart
    uncertainty: Uncertainty
    shapes: Annotated[list[Shape], Meta(min_length=1)]  # the heaviest first
    proxies: list[Proxy]
    drift: Drift
    leak: str | None  # why the figures are implausible, if it was published by force
    doubts: list[str]  # why it was refused, if it was published by force: message ids
    unknown: list[str]  # features whose value was unknown for everyone


class PublishedCard(Card):
    """The whole card. It has no version, which is derived from it: see ``store.version_of``."""

    created_on: date
    versions: dict[str, str]  # of the libraries whose objects are in the model's file
    features: list[str]


class Threshold(TypedDict):
    """The content of ``threshold.json``."""

    threshold: Share
    rule: str


class PromotionLine(TypedDict):
    """A line of ``promotions.jsonl``."""

    version: str
    promoted_at: Annotated[datetime, Meta(tz=True)]


_card = msgspec.json.Decoder(PublishedCard)
_threshold = msgspec.json.Decoder(Threshold)
_promotion = msgspec.json.Decoder(PromotionLine)


def read_card(data: bytes) -> PublishedCard:
    """The card in a file's bytes. Raises ``InvalidFile``."""
    card: PublishedCard = _decoded(_card, data)
    for place, fault in _faults(card):
        raise InvalidFile(f"{fault} - at `$.{place}`")
    return card


def read_threshold(data: bytes) -> Threshold:
    """The threshold in a file's bytes. Raises ``InvalidFile``."""
    return _decoded(_threshold, data)


def read_promotions(data: bytes) -> list[PromotionLine]:
    """The promotions in a file's bytes, one a line. Raises ``InvalidFile``."""
    return [_decoded(_promotion, line) for line in data.splitlines()]


def _decoded(decoder: msgspec.json.Decoder, data: bytes):
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidFile(str(error)) from error


def _faults(card: PublishedCard) -> Iterator[tuple[str, str]]:
    """Faults that the types do not cover, by their place in the card."""
    yield from _absent("models", card["models"], FEATURE_SETS)
    yield from _absent("versions", card["versions"], ("python", "scikit-learn", "numpy"))
    yield from _faults_of_metrics("metrics", card["metrics"])
    yield from _unequal("threshold.curve", card["threshold"]["curve"])
    if card["history"]:
        yield from _absent("history.departures_known", card["history"]["departures_known"], card["features"])
    if card["out_of_time"]:
        yield from _absent("out_of_time.metrics", card["out_of_time"]["metrics"], OF_PROBABILITIES)
    for name, side in card["models"].items():
        yield from _faults_of_side(f"models.{name}", side)
    for selection in SELECTIONS:
        groups = [_groups(card["models"][name]["fairness"][selection]) for name in FEATURE_SETS]
        if groups[0] != groups[1]:
            yield f"models.all.fairness.{selection}", "not the groups of the default model"
    for curve in card["group_curves"]:
        yield from _faults_of_curve(curve, len(card["threshold"]["curve"]["threshold"]))
    for shape in card["shapes"]:
        yield from _faults_of_shape(shape)
    for proxy in card["proxies"]:
        yield from _unknown("proxies", [proxy["attribute"]], ATTRIBUTES)
        yield from _unknown("proxies", [each["feature"] for each in proxy["features"]], BY_NAME)
    yield from _unknown("used", card["used"], BY_NAME)
    yield from _unknown("left_out", card["left_out"], BY_NAME)
    yield from _unknown("unknown", card["unknown"], BY_NAME)
    for name, bins in card["drift"]["bins"].items():
        yield from _faults_of_bins(name, bins)


def _absent(place: str, there: Collection[str], needed: Collection[str]) -> Iterator[tuple[str, str]]:
    if absent := [name for name in needed if name not in there]:
        yield place, f"Object missing required field `{absent[0]}`"


def _unknown(place: str, names: Collection[str], known: Collection[str]) -> Iterator[tuple[str, str]]:
    if unknown := [name for name in names if name not in known]:
        yield place, f"{unknown[0]!r} is not known here"


def _unequal(place: str, table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    lengths = {name: len(column) for name, column in table.items() if isinstance(column, list)}
    if len(set(lengths.values())) > 1:
        yield place, f"columns of different lengths, {lengths}"


def _faults_of_metrics(place: str, metrics: Mapping[str, Figure]) -> Iterator[tuple[str, str]]:
    yield from _absent(place, metrics, METRICS)
    for name in SHARES:
        if not 0 <= metrics[name]["mean"] <= 1:
            yield f"{place}.{name}.mean", f"{metrics[name]['mean']} is not from 0 to 1"


def _faults_of_side(place: str, side: Side) -> Iterator[tuple[str, str]]:
    yield from _faults_of_metrics(f"{place}.metrics", side["metrics"])
    yield from _absent(f"{place}.departures", side["departures"], ("departement", "poste"))
    yield from _absent(f"{place}.fairness", side["fairness"], SELECTIONS)
    yield from _unequal(f"{place}.roc", side["roc"])
    yield from _unequal(f"{place}.precision_recall", side["precision_recall"])
    yield from _unequal(f"{place}.capacity", side["capacity"])
    for selection, rows in side["fairness"].items():
        yield from _unknown(f"{place}.fairness.{selection}", [row["attribute"] for row in rows], ATTRIBUTES)


def _groups(rows: Sequence[GroupRates]) -> list[tuple[str, str]]:
    return [(row["attribute"], row["group"]) for row in rows]


def _faults_of_curve(curve: GroupCurve, thresholds: int) -> Iterator[tuple[str, str]]:
    yield from _unknown("group_curves", [curve["attribute"]], ATTRIBUTES)
    if not len(curve["flagged"]) == len(curve["caught"]) == thresholds:
        yield "group_curves", f"{curve['group']!r} has not a number for each of the {thresholds} thresholds"


def _faults_of_shape(shape: Shape) -> Iterator[tuple[str, str]]:
    place = f"shapes.{shape['feature']}"
    yield from _unknown("shapes", [shape["feature"]], BY_NAME)
    yield from _unequal(place, shape)
    if not shape["is_levels"] and not all(isinstance(at, float) for at in shape["at"]):
        yield f"{place}.at", f"not all of {shape['at']} are numbers"


def _faults_of_bins(name: str, bins: Bins) -> Iterator[tuple[str, str]]:
    place = f"drift.bins.{name}"
    yield from _unknown("drift.bins", [name], {*BY_NAME, SCORES})
    if ("cuts" in bins) == ("levels" in bins):
        yield place, "needs either `cuts` or `levels`"
    ends: Sequence = bins["cuts"] if "cuts" in bins else bins["levels"]
    if any(low >= high for low, high in pairwise(ends)):
        yield place, f"not in ascending order: {ends}"
    for key, people in (
        ("counts", bins["counts"]),
        ("expected", bins["expected"]),
        *(("later", each) for each in bins["later"]),
    ):
        if len(people) != len(ends) + 1 or not sum(people):
            yield f"{place}.{key}", f"{people} for {len(ends)} `cuts` or `levels`"
