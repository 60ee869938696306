"""Examples for the OpenAPI description; the tests send them."""

import json

from features.engineering import engineer_one

_INPUTS = {
    "note_evaluation_precedente": 3,
    "niveau_hierarchique_poste": 2,
    "note_evaluation_actuelle": 3,
    "heures_supplementaires": 1,
    "augmentation_salaire_precedente": 11.0,
    "age": 41,
    "genre": 0,
    "revenu_mensuel": 5993,
    "statut_marital": "Célibataire",
    "departement": "Commercial",
    "poste": "Cadre Commercial",
    "nombre_experiences_precedentes": 8,
    "annee_experience_totale": 8,
    "annees_dans_l_entreprise": 6,
    "annees_dans_le_poste_actuel": 4,
    "nombre_participation_pee": 0,
    "nb_formations_suivies": 0,
    "distance_domicile_travail": 1,
    "niveau_education": 2,
    "domaine_etude": "Infra & Cloud",
    "frequence_deplacement": 1,
    "annees_depuis_la_derniere_promotion": 0,
    "annees_sous_responsable_actuel": 5,
    "satisfaction_employee_environnement": 2,
    "satisfaction_employee_nature_travail": 4,
    "satisfaction_employee_equipe": 1,
    "satisfaction_employee_equilibre_pro_perso": 1,
}
FEATURES = engineer_one(_INPUTS)

# Of each parameter of any call, in a path or a query. All together, too, they find a page.
PARAMETERS = {
    "case_id": 1,
    "created_before": "2100-01-01T00:00:00+00:00",
    "created_from": "2026-07-01T00:00:00+00:00",
    "cursor": "*",
    "department": "Consulting",
    "employee_id": 1,
    "employee_ids": [1, 2, 4],
    "import_id": "0e0b3a52-6c0f-4a1e-9d2a-3f1f0a5f7f10",
    "is_closed": False,
    "limit": 20,
    "min_probability": 0.1,
    "mode": "scoring",
    "model_version": "20260101-0123456789abcdef0123",
    "ordering": "-created_at",
    "predicted_class": True,
    "prediction_id": 1,
    "presence": "present",
    "run_id": 1,
    "state": "planned",
    "will_leave": True,
}

_SCORE = {
    "employee_id": 1,
    "turnover_probability": 0.6118039,
    "will_leave": True,
    "prediction_id": 4711,
    "threshold": 0.19,
    "model_version": "20260101-0123456789abcdef0123",
    "low": 0.4127,
    "high": 0.7794,
    "is_extrapolated": False,
    "horizon_months": 12,
}
_EXPLANATION = {
    "scale": "log_cumulative_hazard",
    "base_value": -2.1972,
    "horizons": [
        {"months": 3, "probability": 0.2214, "low": 0.1307, "high": 0.3289},
        {"months": 6, "probability": 0.3888, "low": 0.2409, "high": 0.5442},
        {"months": 12, "probability": 0.6118039, "low": 0.4127, "high": 0.7794},
    ],
    "not_enough_data": [],
    "reasons": [
        {
            "feature": "heures_supplementaires",
            "label": "Overtime",
            "value": "Yes",
            "contribution": 1.5821,
            "points": 0.307,
            "sentence": "Works overtime: +30.7 points",
        },
        {
            "feature": "satisfaction_moyenne",
            "label": "Mean satisfaction",
            "value": "2",
            "contribution": 1.0702,
            "points": 0.208,
            "sentence": "Mean satisfaction: 2 out of 4: +20.8 points",
        },
    ],
}
_LATEST = {
    "prediction_id": 4711,
    "request_id": "5b0f7f0e-6c5e-4b1f-9a37-0c9f0e3a7d52",
    "created_at": "2026-07-01T12:30:00.123456+00:00",
    "predicted_class": 1,
    "predicted_proba": 0.6118,
    "threshold_used": 0.19,
    "model_version": "20260101-0123456789abcdef0123",
    "latency_ms": 2,
    "payload": {"mode": "by_employee_id", "employee_id": 1},
}
_ROW = _LATEST | {"employee_id": 1, "mode": "by_id", "turnover_probability": 0.6118039, "features": FEATURES}

KEY = {
    "name": "payroll",
    "owner": "HR systems",
    "prefix": "Ab12Cd34",
    "scopes": ["predict", "read"],
    "sees_everyone": False,
    "departments": ["Consulting"],
    "expires_at": "2027-07-01T12:30:00+00:00",
    "rate_limit": {"limit": 6000, "window": 60, "remaining": 5999, "reset": 42},
}
PREDICTION = _SCORE | _EXPLANATION | {"as_of": "2026-06-30", "presence": "present"}
PREDICTION_OF_NOBODY = PREDICTION | {"employee_id": None, "as_of": None, "presence": None}
BATCH = {"employee_ids": [1, 3]}
SCORE = _SCORE
UNKNOWN = {"employee_id": 3, "detail": "There are no clean features for this employee number."}
RUN = {
    "run_id": 12,
    "scored_at": "2026-07-01T12:30:00.123456+00:00",
    "as_of": "2026-06-30",
    "model_version": "20260101-0123abcd",
    "horizon_months": 12,
    "threshold": 0.19,
    "employee_count": 1233,
    "above_threshold_count": 231,
    "expected_departures": 138.4,
}
SCORE_OF_RUN = _SCORE | {
    "department": "Consulting",
    "presence": "present",
    "main_reason": "heures_supplementaires",
    "second_reason": "satisfaction_moyenne",
    "run_id": 12,
    "scored_at": "2026-07-01T12:30:00.123456+00:00",
    "as_of": "2026-06-30",
}
SCORES_AS_NDJSON = json.dumps(SCORE_OF_RUN, separators=(",", ":")) + "\n"
SCORES_AS_CSV = "".join(
    ",".join(f'"{cell}"' if isinstance(cell, str) else f'"{json.dumps(cell)}"' for cell in line) + "\r\n"
    for line in (SCORE_OF_RUN, SCORE_OF_RUN.values())
)
LATEST = _LATEST
LATEST_OF_NOBODY = _LATEST | {"payload": {"mode": "by_features", "payload": FEATURES}}
ROW = _ROW
NEXT = "https://technova.example/predictions/?cursor=WyItY3JlYXRlZF9hdCIsZmFsc2UsWzQ3MTFdXQ:1wOaFk:AsSignedByTheService"
PREVIOUS = (
    "https://technova.example/predictions/?cursor=WyItY3JlYXRlZF9hdCIsdHJ1ZSxbNDczMF1d:1wOaFk:AsSignedByTheService"
)
LOGGED = _ROW | {"low": 0.4127, "high": 0.7794, "is_extrapolated": False} | _EXPLANATION
CASE = {
    "case_id": 1,
    "employee_id": 1,
    "department": "Consulting",
    "state": "planned",
    "owner": "rh",
    "due": "2026-12-07",
    "turnover_probability": 0.6118039,
    "prediction_id": 4711,
    "opened_at": "2026-11-30T14:05:00.123456+00:00",
    "closed_at": None,
    "set_aside_because": "",
    "last_change": 12,
    "link": "https://technova.example/follow-up/1/",
}
OPEN_CASE = {"employee_id": 1, "owner": "rh", "due": "2026-12-07", "why": "Has asked for a talk."}
CHANGE_CASE = {"last_change": 12, "state": "planned", "due": "2026-12-10"}
DELIVERY = {
    "id": "0e0b3a52-6c0f-4a1e-9d2a-3f1f0a5f7f10",
    "state": "checking",
    "detail": "The files are being checked.",
    "link": "https://technova.example/extracts/0e0b3a52-6c0f-4a1e-9d2a-3f1f0a5f7f10",
    "page": "https://technova.example/import/0e0b3a52-6c0f-4a1e-9d2a-3f1f0a5f7f10/",
    "received_at": "2026-11-02T05:00:00.123456+00:00",
    "as_of": "2026-10-31",
    "files": [
        {"name": "sirh-2026-10-31.csv", "sha256": "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"}
    ],
    "counts": None,
    "questions": [],
    "alarms": [],
    "error": None,
    "rejects": [],
}
CHECKED_DELIVERY = DELIVERY | {
    "state": "ready",
    "detail": "The files leave questions open: HR answers them on the page.",
    "counts": {
        "present_before": 1233,
        "present": 1229,
        "changed": 118,
        "rejected": 3,
        "arrived": 7,
        "left": 11,
        "returned": 0,
        "moved": 4,
        "vanished": 0,
    },
    "questions": [
        {
            "asked": "word",
            "file": "sirh-2026-10-31.csv",
            "column": "departement",
            "rows": 12,
            "detail": "A word in departement is not known.",
        }
    ],
    "rejects": [
        {
            "file": "sirh-2026-10-31.csv",
            "column": "age",
            "lost": "cell",
            "count": 3,
            "expected": "a whole number between 16 and 100",
        }
    ],
}
ERROR = {
    "detail": "A valid API key is needed in the X-API-Key header.",
    "request_id": "5b0f7f0e-6c5e-4b1f-9a37-0c9f0e3a7d52",
}
INVALID = {
    "detail": [
        {"loc": ["body", "age"], "msg": "This field is required.", "type": "missing"},
        {"loc": ["body", "salaire"], "msg": "This field is not known.", "type": "extra_forbidden"},
    ],
    "request_id": "5b0f7f0e-6c5e-4b1f-9a37-0c9f0e3a7d52",
}
