"""How far a model can be trusted, against scikit-learn and against the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from nblabel.errors import SuggestError
from nblabel.intervals import wilson
from nblabel.suggest.calibration import Calibration


def drawn(count: int, seed: int, power: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores of a model that is too sure of itself: it is right with the score's square."""
    rng = np.random.default_rng(seed)
    scores = rng.random(count)
    return scores, rng.random(count) < scores**power


def pairs(scores: np.ndarray, right: np.ndarray) -> list[tuple[float, bool]]:
    return list(zip(scores.tolist(), right.tolist(), strict=True))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(np.linspace(0, 1, 21).tolist()), st.booleans()), min_size=100, max_size=250))
def test_with_many_answers_it_is_the_isotonic_regression_of_scikit_learn(held) -> None:
    scores = np.array([score for score, _ in held])
    right = np.array([right for _, right in held], dtype=float)
    x = np.concatenate(([scores.min()], scores, [scores.max()]))  # one right below, one wrong above
    y = np.concatenate(([1.0], right, [0.0]))
    theirs = IsotonicRegression(out_of_bounds="clip").fit(x, y)
    asked = np.linspace(-0.5, 1.5, 101)
    np.testing.assert_allclose(Calibration.fit(held).probability(asked), theirs.predict(asked), atol=1e-9)


@pytest.mark.parametrize("count", [30, 60, 99])
def test_with_few_answers_it_is_platts_sigmoid(count: int) -> None:
    scores, right = drawn(count, seed=count)
    hits = right.sum()
    wanted = np.where(right, (hits + 1) / (hits + 2), 1 / (count - hits + 2))
    theirs = LogisticRegression(C=1e9, tol=1e-10, max_iter=10_000).fit(
        np.tile(scores, 2)[:, None], np.repeat([1, 0], count), sample_weight=np.concatenate((wanted, 1 - wanted))
    )
    asked = np.linspace(scores.min(), scores.max(), 50)
    expected = theirs.predict_proba(asked[:, None])[:, 1]
    np.testing.assert_allclose(Calibration.fit(pairs(scores, right)).probability(asked), expected, atol=0.005)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-5, 5) | st.sampled_from([0.0, 1.0]), st.booleans()), min_size=30, max_size=160),
    st.floats(0, 1),
)
def test_probabilities_rise_with_scores_and_thresholds_keep_their_word(held, wanted: float) -> None:
    made = Calibration.fit(held)
    asked = np.sort(np.array([score for score, _ in held]))
    found = made.probability(asked)
    assert np.all(np.diff(found) >= -1e-12)
    assert np.all((found > 0) & (found < 1))
    threshold = made.threshold(wanted)
    if threshold is None:
        assert np.all(found < wanted)
        return
    assert np.all(made.probability(asked[asked >= threshold]) >= wanted)
    assert np.all(found[asked < threshold] < wanted)
    error = made.expected_error(threshold)
    own = [right for score, right in held if score >= threshold]
    assert (error.answers, error.wrong) == (len(own), own.count(False))
    assert error.share <= error.upper == pytest.approx(float(wilson(error.wrong, error.answers)[1]))


@pytest.mark.parametrize("count", [80, 2000])
def test_what_is_taken_is_right_as_often_as_was_wanted(count: int) -> None:
    truth, likely = drawn(20_000, seed=7)
    shares = []
    for seed in range(20):
        made = Calibration.fit(pairs(*drawn(count, seed)))
        threshold = made.threshold(0.8)
        if threshold is None:
            continue  # too few to be so sure
        taken = truth >= threshold
        shares.append(likely[taken].mean())
        assert 1 - shares[-1] <= made.expected_error(threshold).upper + 0.05
        # the raw score would have promised the same from 0.8 on, where it is right in two of three
        assert made.probability(0.8) < 0.75
    assert len(shares) >= 10
    assert np.mean(shares) > 0.8


def test_few_right_answers_are_not_certainty() -> None:
    sure = [(0.9, True)] * 18 + [(0.5, False)] * 100
    assert Calibration.fit(sure).threshold(0.95) is None
    assert Calibration.fit([(0.9, True), *sure]).threshold(0.95) == 0.9
    assert Calibration.fit([(0.9, True)] * 30).threshold(0.95) == 0.9  # 31 of 32
    assert Calibration.fit([(0.9, True)] * 30).threshold(0.99) is None


def test_a_score_that_says_the_opposite_is_not_used() -> None:
    held = [(score / 40, score < 20) for score in range(40)]
    assert np.ptp(Calibration.fit(held).probability(np.linspace(0, 1, 9))) == 0


def test_too_few_answers_are_said_to_be_too_few() -> None:
    with pytest.raises(SuggestError, match=r"scores for 12 held-out answers, and it takes 30 \(label more"):
        Calibration.fit([(0.5, True)] * 12 + [(float("nan"), True)] * 50)
    with pytest.raises(SuggestError, match="scores for 0"):
        Calibration.fit([])


def test_nothing_is_known_where_no_answer_was_held_out() -> None:
    made = Calibration.fit(pairs(*drawn(200, 1)))
    assert made.answers == 200
    assert made.expected_error(1.5).upper == 1.0
    assert made.probability([np.nan, np.inf]).tolist() == [0.0, 0.0]
