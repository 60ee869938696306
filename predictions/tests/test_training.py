import subprocess
import sys

import numpy as np
import pytest

from features.engineering import typed
from features.schema import FEATURE_NAMES
from predictions.ml import training
from predictions.ml.artifacts import artifact, plain, store
from predictions.ml.assessment import gates
from predictions.ml.assessment.thresholds import parse
from predictions.ml.support import PARTS
from predictions.ml.training import (
    Doubtful,
    LeakSuspected,
    ProtectedFeatures,
    TrainingError,
    publish,
    train_classification,
)
from predictions.tests.workforce import RULE, TINY, people, trained

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def leaky():
    """A workforce whose last pay rise was given to those who stayed, after the others had left."""
    frame, target = people()
    return train_classification(
        frame.assign(augmentation_salaire_precedente=11.0 + 5.0 * (1 - target)), target, plan=TINY
    )


def test_train_repeats_itself_to_the_byte():
    first, second = trained(), train_classification(*people(), rule=parse(RULE), plan=TINY)
    assert artifact.to_bytes(first.content.model) == artifact.to_bytes(second.content.model)
    assert plain.to_bytes(first.content.plain) == plain.to_bytes(second.content.plain)
    assert first.card == second.card


def test_train_does_not_depend_on_where_the_strings_came_from():
    frame, target = people()
    copied = frame.assign(poste=["".join(list(value)) for value in frame["poste"]])
    assert artifact.to_bytes(trained().content.model) == artifact.to_bytes(
        train_classification(copied, target, rule=parse(RULE), plan=TINY).content.model
    )


SAME = """
import hashlib, sys
from pathlib import Path
from predictions.ml.artifacts import artifact, store
if len(sys.argv) > 1:
    artifact.load(Path(sys.argv[1]))
from predictions.tests.workforce import trained
print(hashlib.sha256(artifact.to_bytes(trained().content.model)).hexdigest())
"""


def test_bytes_do_not_depend_on_whether_the_process_had_loaded_a_model(settings):
    """As `train_model` has when there is a model already, and has not on a fresh machine."""
    hashes = {
        subprocess.run(
            [sys.executable, "-c", SAME, *arguments],
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for arguments in ([], [str(settings.ARTIFACTS_DIR)])
    }
    assert len(hashes) == 1


def test_other_data_give_other_bytes_and_another_hash():
    frame, target = people()
    other = train_classification(
        frame.assign(distance_domicile_travail=frame["distance_domicile_travail"] + 1), target, plan=TINY
    )
    assert artifact.to_bytes(trained().content.model) != artifact.to_bytes(other.content.model)
    assert trained().card["training"]["sha256"] != other.card["training"]["sha256"]


def test_reference_profiles_hold_every_value_and_no_person():
    frame, _ = people()
    profiles = training.reference_profiles(frame, seed=7)
    for name in frame:
        assert sorted(profiles[name]) == sorted(frame[name])
    originals = set(map(tuple, frame.itertuples(index=False)))
    assert originals.isdisjoint(map(tuple, profiles.itertuples(index=False)))


def test_an_honest_model_suspects_no_leak():
    assert trained().leak is None
    assert trained().card["leak"] is None


def test_a_high_f1_among_many_leavers_is_no_leak():
    frame, target = people()
    many = train_classification(frame, np.where(np.arange(len(target)) % 3 > 0, 1, target), plan=TINY)
    assert many.card["metrics"]["best_f1"]["mean"] > training.LEAK_F1
    assert many.leak is None


def test_a_leaked_feature_is_suspected_and_named(leaky):
    assert "ROC-AUC" in leaky.leak
    assert "F1" in leaky.leak
    assert "augmentation_salaire_precedente" in leaky.leak
    assert leaky.card["leak"] == leaky.leak


def test_a_leaky_model_is_not_written(leaky, tmp_path):
    with pytest.raises(LeakSuspected, match="--force"):
        publish(tmp_path, leaky)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def shuffled():
    """A workforce whose departures go with nothing."""
    frame, target = people()
    return train_classification(frame, np.random.default_rng(1).permutation(target), plan=TINY)


def test_an_honest_model_raises_no_doubt():
    assert trained().doubts == ()
    assert trained().card["doubts"] == []


def test_a_model_of_chance_is_not_written(shuffled, tmp_path):
    assert {gates.IS_CHANCE, gates.IS_BASE_RATE} <= set(shuffled.doubts)
    with pytest.raises(Doubtful, match=r"may be chance.*--force"):
        publish(tmp_path, shuffled)
    assert store.versions(tmp_path) == []


def test_a_doubtful_model_that_is_forced_says_so(shuffled, tmp_path):
    publish(tmp_path, shuffled, force=True)
    assert tuple(artifact.load(tmp_path).card["doubts"]) == shuffled.doubts


@pytest.mark.parametrize(("threshold", "doubts"), [(0.3, []), (0.1, [gates.FLAGS_MOST])])
def test_a_threshold_that_flags_more_than_half_is_doubted(threshold, doubts):
    target = np.repeat([0, 1], [80, 40])
    probability = np.where(target, 0.6, 0.2)[np.newaxis] + np.linspace(0, 0.05, 120)
    assert gates.doubts(target, probability, threshold, auc_low=0.9) == doubts


def test_an_interval_that_reaches_chance_is_doubted():
    target = np.repeat([0, 1], [80, 40])
    probability = np.where(target, 0.6, 0.2)[np.newaxis]
    assert gates.doubts(target, probability, 0.3, auc_low=0.5) == [gates.IS_CHANCE]


def test_a_leaky_model_is_published_by_force(leaky, tmp_path):
    version = publish(tmp_path, leaky, force=True)
    assert store.current_version(tmp_path) == version


def test_a_model_with_protected_features_is_written_but_not_promoted(tmp_path):
    with pytest.raises(ProtectedFeatures):
        publish(tmp_path, trained("all"))
    assert list(tmp_path.iterdir()) == []
    version = publish(tmp_path, trained("all"), promote=False)
    assert store.versions(tmp_path) == [version]
    assert store.current_version(tmp_path) is None
    assert store.current_version(tmp_path) != publish(tmp_path, trained("all"), force=True)


def refused(frame, target):
    with pytest.raises(TrainingError) as error:
        train_classification(frame, target, plan=TINY)
    return str(error.value)


@pytest.mark.parametrize(
    ("outcomes", "message"),
    [
        ([0] * 300, "nobody left"),
        ([1] * 300, "everybody left"),
        ([1] * 9 + [0] * 291, "only 9 left, at least 10"),
        ([0] * 9 + [1] * 291, "only 9 stayed, at least 10"),
        ([2] + [0, 1] * 149 + [0], "neither 0 nor 1"),
        ([0, 1], "300 employees but 2 outcomes"),
    ],
)
def test_train_refuses_outcomes_that_teach_nothing(outcomes, message):
    frame, _ = people()
    assert message in refused(frame, np.array(outcomes))


@pytest.mark.parametrize(("leavers", "is_doubted"), [(29, True), (30, False)])
def test_fewer_than_thirty_departures_are_doubted(leavers, is_doubted):
    frame, _ = people()
    found = train_classification(frame, np.r_[np.ones(leavers), np.zeros(300 - leavers)], plan=TINY)
    assert (gates.IS_HARDLY_KNOWN in found.doubts) == is_doubted


def test_train_names_features_with_missing_values():
    frame, target = people()
    frame["revenu_mensuel"] = frame["revenu_mensuel"].astype(float)
    frame.loc[3, "revenu_mensuel"] = np.nan
    assert refused(frame, target) == "missing values in revenu_mensuel"


def test_scale_of_the_intervals_is_the_one_of_the_card():
    content = trained().content
    scale = content.plain.parameters.interval_scale
    assert scale >= 1
    assert content.card["uncertainty"]["interval_scale"] == pytest.approx(scale, rel=1e-5)


def test_nobody_in_the_training_data_is_extrapolated(tmp_path):
    frame, _ = people()
    model = artifact.load(tmp_path / "versions" / publish(tmp_path, trained(), promote=False))
    is_possible = np.logical_and.reduce([frame[part] <= frame[whole] for part, whole in PARTS])
    assert is_possible.any()
    assert not model.score_frame(frame[is_possible]).is_extrapolated.any()
    strange = frame.assign(revenu_mensuel=frame["revenu_mensuel"].max() + 1.0)
    assert model.score_frame(strange).is_extrapolated.all()


def test_a_profile_of_seen_values_in_an_unseen_combination_is_extrapolated(tmp_path):
    frame, _ = people()
    model = artifact.load(tmp_path / "versions" / publish(tmp_path, trained(), promote=False))
    numbers = {name: frame[name].max() for name in FEATURE_NAMES if frame[name].dtype != object}
    assert model.score_frame(frame[:1].assign(**numbers)).is_extrapolated.all()


def unknown(frame, *names, people=slice(None)):
    """The frame as the table gives it, with these features unknown of some people."""
    places = range(len(frame))[people]
    return typed(
        frame.astype(dict.fromkeys(names, object)).assign(
            **{name: [None if place in places else value for place, value in enumerate(frame[name])] for name in names}
        )
    )


PROTECTED = ("age", "genre", "statut_marital", "jeune_surcharge")


def test_a_model_of_people_whose_protected_features_are_unknown_is_the_same():
    frame, target = people()
    without = train_classification(unknown(frame, *PROTECTED), target, rule=parse(RULE), plan=TINY)
    assert without.card["shapes"] == trained().card["shapes"]
    assert without.threshold == trained().threshold


def test_what_is_unknown_of_everyone_is_in_no_audit(tmp_path):
    frame, target = people()
    without = train_classification(unknown(frame, *PROTECTED), target, rule=parse(RULE), plan=TINY)
    publish(tmp_path, without)
    card = artifact.load(tmp_path).card
    assert card["models"]["default"]["fairness"]["threshold"] == card["proxies"] == []
    assert not set(PROTECTED) & card["drift"]["bins"].keys()


def test_the_audit_counts_those_whose_age_is_known():
    frame, target = people()
    card = train_classification(unknown(frame, "age", "jeune_surcharge", people=slice(0, 100)), target, plan=TINY).card
    groups = card["models"]["default"]["fairness"]["threshold"]
    assert sum(group["n"] for group in groups if group["attribute"] == "age") == len(frame) - 100
    assert sum(card["drift"]["bins"]["age"]["counts"]) == (target[100:] == 0).sum()  # those present


def test_a_model_that_uses_age_needs_everyones():
    frame, target = people()
    with pytest.raises(TrainingError, match="missing values in age, jeune_surcharge"):
        train_classification(
            unknown(frame, "age", "jeune_surcharge", people=slice(0, 1)), target, features="all", plan=TINY
        )
