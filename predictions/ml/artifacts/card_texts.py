"""The texts of a model card: gettext message ids, translated where they are shown. Imports no library of a model."""

from employees.messages import gettext_noop as _

PURPOSE = [
    _(
        "Rank employees by their risk of leaving, with reasons, so that HR can offer a talk before they decide to"
        " leave."
    ),
    _("Count the departures to expect in a department or a job, so that they can be prepared for."),
    _("A score is advice: a person decides, hears the employee first, and may set the score aside with a reason."),
]
MISUSE = [
    _("To dismiss, sanction, refuse a promotion, a pay rise or a training, or to choose whom to hire."),
    _("To decide anything about a person without a human who looks at the whole case."),
    _("To infer what a person feels, intends or is, or to watch anyone."),
    _("On people unlike those it was trained on: it says so when a profile lies outside what it has seen."),
]
_CURVES = _(
    "Every curve bends at a few points only, and a bend that few people speak for is held back; how strongly is chosen "
    "on people left out (for experts: a penalty, by an inner cross-validation)."
)
_LEVERS = _(
    "What HR can change moves the score in one direction only: more overtime, travel or distance never lowers the "
    "risk; more pay, a larger rise, a higher level, a promotion, training, savings plan and satisfaction never raise "
    "it, nor does the new manager who may come with a promotion."
)
_SUPPORT = _(
    "A profile says “not enough data” where nobody it learned from has two of its values together, although many would "
    "if the two had nothing to do with each other: the highest level after a year at work, say."
)
_THRESHOLD = _(
    "The threshold is chosen on such predictions too, and judged by thresholds chosen without the people judged."
)
_INTERVALS = _(
    "The interval of a probability is meant to hold the truth nine times in ten. It is widened until it does so in "
    "every fifth of risk, in simulations whose truth is more tangled than the model (for experts: from the Laplace "
    "approximation of the coefficients' uncertainty)."
)
METHOD_OF_CLASSIFICATION = [
    _(
        "Each feature adds to the score or takes from it, by a curve of its own, and the reasons given are exactly "
        "these parts (for experts: a logistic regression, additive on the log-odds)."
    ),
    _CURVES,
    _LEVERS,
    _SUPPORT,
    _(
        "Each figure comes from people whom the model that scored them had not seen, in repeated nested cross-"
        "validation."
    ),
    _THRESHOLD,
    _("No class weights and no resampling: a probability of 0.2 means that 20 in 100 such people leave."),
    _INTERVALS,
]
METHOD_OF_FORECAST = [
    _(
        "A hazard model on quarters: for each person and each three months, whether they left in it, given what was "
        "known at its start. No later extract, correction or survey goes into a feature."
    ),
    _(
        "Each feature adds to the score or takes from it, by a curve of its own, and the reasons given are exactly "
        "these parts (for experts: additive on the log of the cumulative hazard). One model serves every horizon."
    ),
    _CURVES,
    _LEVERS,
    _SUPPORT,
    _(
        "Departures that HR knows to be a retirement, a dismissal, the end of a contract or a transfer end the "
        "observation and are not forecast. Whoever vanished from the files counts as gone."
    ),
    _(
        "The later a month, the fewer of those present leave in it: people settle in, those most at risk leave first, "
        "some leave otherwise. By how much is learned from the history, so that the departures forecast are those "
        "that will be seen."
    ),
    _(
        "Each figure comes from people whom the model that scored them had not seen, in repeated nested cross-"
        "validation; beside it stands what was forecast on an earlier day and happened after it."
    ),
    _THRESHOLD,
    _INTERVALS,
]
# In every card, but not shown for a model that uses them, of which it is not true.
LIMIT_OF_LEAVING_OUT = _(
    "Leaving out sex, age and family status does not remove every gap between groups: other features stand "
    "for them in part. The gaps are shown as they are."
)
_FICTIONAL = _(
    "The demonstration's employees are fictional; figures on real people will differ and have to be measured again."
)
_NO_CAUSE = _(
    "It finds what goes with departures, not what causes them: changing a feature need not change the outcome."
)
_PAST = _(
    "An interval holds what the training data leave uncertain, not that the future may differ from the past. "
    "It may hold the truth less often for the people least at risk; the shares that were measured are shown."
)
_ERRORS = _("Many people over the threshold will stay, and some who leave were under it; the shares are shown.")
LIMITS_OF_CLASSIFICATION = [
    _FICTIONAL,
    _NO_CAUSE,
    _("It was trained on one table without dates: it classifies, and has no horizon by which a departure is expected."),
    LIMIT_OF_LEAVING_OUT,
    _PAST,
    _ERRORS,
]
LIMITS_OF_FORECAST = [
    _FICTIONAL,
    _NO_CAUSE,
    _("Expected departures are of the people who are there today: those of people to be hired are no part of it."),
    _(
        "A year in which more or fewer people leave everywhere is in no interval: in simulations where the years "
        "differed by about a seventh, the departures lay outside it about one time in three."
    ),
    _("Features are those of today: a rise, a move or a promotion to come is not foreseen."),
    LIMIT_OF_LEAVING_OUT,
    _PAST,
    _ERRORS,
]
