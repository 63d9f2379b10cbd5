"""What comes next: strategies, ranking anew, and a queue whose order changes while it is worked through."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nblabel import ordering
from nblabel.answers import Answers
from nblabel.beliefs import Beliefs, Table
from nblabel.errors import NblabelError, SuggestError
from nblabel.ordering import Pool, Positions
from nblabel.places import Queue
from nblabel.records import Filter, Item, Response
from nblabel.schema import Schema
from nblabel.sources import open_source
from nblabel.store import open_store

NAN = float("nan")
ANSWER = Response("some item", "me", "submitted", fields=("mood",))


def table(*rows: list[float], labels: tuple[str, ...] = ("a", "b", "c"), several: bool = False) -> Table:
    return Table(labels[: len(rows[0])], np.array(rows, dtype=float), several)


def beliefs(*rows: list[float], **options: Any) -> Beliefs:
    return Beliefs(len(rows), {"f": table(*rows, **options)})


def scores(strategy: ordering.Strategy, pool: Pool | Beliefs, **more: Any) -> list[float]:
    pool = Pool(pool.count, pool, **more) if isinstance(pool, Beliefs) else pool
    return [round(float(one), 4) for one in strategy.rank(pool)]


# ---- orders -----------------------------------------------------------------------------------------


def test_names_and_objects() -> None:
    for name in ("uncertainty", "diversity", "disagreement", "balanced"):
        found = ordering.of(name)
        assert found is not None
        assert found.name == name
    mine = ordering.similar(to=7)
    assert ordering.of(mine) is mine
    assert ordering.of("sequential") is ordering.of("random") is ordering.of(lambda data: [0]) is None
    for wrong, near in (("uncertain", "uncertainty"), ("diverse", "diversity"), ("randm", "random")):
        with pytest.raises(NblabelError, match=f"did you mean '{near}'"):
            ordering.positions(wrong, open_source(["a"]), "demo")
    with pytest.raises(NblabelError, match="did you mean 'entropy'"):
        ordering.uncertainty("entropie")  # type: ignore[arg-type]
    with pytest.raises(NblabelError, match="not one of disagreement"):
        ordering.disagreement("kl")  # type: ignore[arg-type]
    with pytest.raises(NblabelError, match="1 or more"):
        ordering.uncertainty(few=0)
    with pytest.raises(NblabelError, match="takes a function"):
        ordering.ranked("longest")  # type: ignore[arg-type]


def test_before_a_model_knows_anything_the_order_is_the_random_one() -> None:
    source = open_source([str(n) for n in range(50)])
    chance = list(ordering.positions("random", source, "demo"))
    assert sorted(chance) == list(range(50)) != chance
    assert list(ordering.positions("uncertainty", source, "demo")) == chance
    assert list(ordering.positions(ordering.ranked(len), source, "demo")) == chance
    assert list(ordering.positions(lambda _: range(50)[::-1], source, "demo")) == list(range(50))[::-1]


# ---- strategies -------------------------------------------------------------------------------------

ROWS = ([1.0, 0, 0], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3], [0.7, 0.2, 0.1], [0.6, 0.2, 0.2])


def test_uncertainty_of_a_choice() -> None:
    assert scores(ordering.uncertainty("margin"), beliefs(*ROWS)) == [0, 1, 1, 0.5, 0.6]
    assert scores(ordering.uncertainty("least_confidence"), beliefs(*ROWS)) == [0, 0.75, 1, 0.45, 0.6]
    assert scores(ordering.uncertainty("entropy"), beliefs(*ROWS)) == [0, 0.6309, 1, 0.7298, 0.865]


def test_the_least_sure_field_counts_and_what_is_not_known_does_not() -> None:
    made = Beliefs(3, {"f": table([0.9, 0.1], [0.5, 0.5], [NAN, NAN]), "g": table([0.8, 0.2], [1, 0], [NAN, NAN])})
    assert scores(ordering.uncertainty(), made)[:2] == [0.4, 1]
    assert np.isnan(ordering.uncertainty().rank(Pool(3, made))[2])
    several = beliefs([0.9, 0.9, 0.99], [0.1, 0.45, 0], several=True)  # adds up to more and to less than 1
    assert scores(ordering.uncertainty(), several) == [0.2, 0.9]
    assert scores(ordering.uncertainty(), Beliefs(2, scores=np.array([7.0, -1]))) == [7, -1]
    assert np.isnan(ordering.uncertainty().rank(Pool(2))).all()
    assert scores(ordering.uncertainty(), beliefs([1.0], [1.0])) == [0, 0]  # one label is no question
    committee = Beliefs(1, members=(beliefs([0.9, 0.1]), beliefs([0.5, 0.5])))
    assert scores(ordering.uncertainty(), committee) == [0.6]


def test_uncertainty_of_what_is_marked_inside_an_item() -> None:
    parts = (np.array([0.99] * 50 + [0.2]), np.array([0.8] * 50), np.zeros(0), np.array([NAN, 0.5]))
    made = Beliefs(4, parts=parts)
    assert scores(ordering.uncertainty(few=1), made) == [0.8, 0.2, 0, 0.5]
    assert scores(ordering.uncertainty(few=1000), made)[:2] == [0.0255, 0.2]  # the one doubtful name drowns
    assert scores(ordering.uncertainty(), made)[:2] == [0.2733, 0.2]


def test_disagreement_of_a_committee() -> None:
    same, other = [0.9, 0.1], [0.1, 0.9]
    members = (beliefs(same, same, other), beliefs(same, other, [0.5, 0.5]), beliefs(same, [0.8, 0.2], [NAN, 0.1]))
    pool = Pool(3, Beliefs(3, members=members))
    for strategy in (ordering.disagreement(), ordering.disagreement("votes")):
        none, much, unknown = strategy.rank(pool)
        assert none < 1e-9 < 0.3 < much <= 1
        assert np.isnan(unknown)
    # labels in another order, and one that only one member knows
    turned = Beliefs(1, {"f": Table(("b", "a", "z"), np.array([[0.1, 0.9, 0.0]]))})
    assert scores(ordering.disagreement(), Beliefs(1, members=(beliefs(same), turned))) == [0]
    several = tuple(beliefs([p, 0.9], several=True) for p in (0.0, 1.0))
    assert scores(ordering.disagreement(), Beliefs(1, members=several)) == [1]
    assert np.isnan(ordering.disagreement().rank(Pool(1, beliefs(same)))).all()  # nobody to disagree with


def test_disagreement_about_what_is_marked() -> None:
    berlin, rome = ("spans", "CITY", (0, 6)), ("spans", "CITY", (9, 13))
    one = Beliefs(3, marks=(frozenset({berlin}), frozenset({berlin, rome}), frozenset()))
    two = Beliefs(3, marks=(frozenset({berlin}), frozenset({berlin}), frozenset()))
    assert scores(ordering.disagreement(), Beliefs(3, members=(one, two))) == [0, 0.3333, 0]


def test_rare_labels_first() -> None:
    given = {"f": {"a": 8, "b": 2, "c": 0}}
    made = beliefs([1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0])
    assert scores(ordering.balanced(), made, given=given) == [0.1111, 0.3333, 1, 0.2222]
    marks = (frozenset({("s", "A", (0, 1))}), frozenset({("s", "A", (0, 1)), ("s", "B", (2, 3))}), frozenset())
    assert scores(ordering.balanced(), Beliefs(3, marks=marks), given={"s": {"A": 3, "B": 0}}) == [0.25, 1, 0]


def test_like_one_of_them() -> None:
    points = np.array([[1, 0], [3, 3], [0, 0]], dtype=np.float32)
    found = ordering.similar(to="x").rank(Pool(3, features=points, like=np.array([2.0, 0], dtype=np.float32)))
    assert found[0] == pytest.approx(1)
    assert found[1] == pytest.approx(0.5**0.5)
    assert np.isnan(found[2])
    with pytest.raises(SuggestError, match="needs features of 2 items, the model has none"):
        ordering.similar(to="x").rank(Pool(2))


def test_ones_own_function() -> None:
    pool = Pool(2, items=[Item(0, "long text"), Item(1, "text")])
    assert scores(ordering.ranked(lambda items: [-len(item.data) for item in items]), pool) == [-9, -4]
    with pytest.raises(SuggestError, match=r"shape \(3,\) for 2 items"):
        ordering.ranked(lambda items: [1, 2, 3]).rank(pool)
    with pytest.raises(SuggestError, match="did not return numbers"):
        ordering.ranked(lambda items: ["high", "low"]).rank(pool)


def test_doubtful_but_not_ten_times_the_same() -> None:
    points = np.array([[0, 0], [0, 0.01], [0, 0.02], [5, 5]], dtype=np.float32)
    made = beliefs([0.5, 0.5], [0.51, 0.49], [0.52, 0.48], [0.7, 0.3])
    plain = ordering.uncertainty().rank(Pool(4, made))
    apart = ordering.uncertainty(diverse=True).rank(Pool(4, made, features=points))
    assert np.argsort(-plain).tolist() == [0, 1, 2, 3]
    assert np.argsort(-apart).tolist()[:2] == [0, 3]


def test_diversity_passes_over_what_cannot_be_placed() -> None:
    points = np.array([[0, 0], [np.nan, 0], [4, 0], [9, 0], [5, 0]], dtype=np.float32)
    found = ordering.diversity().rank(Pool(5, features=points))
    assert np.isnan(found[1])
    assert np.argsort(-found).tolist()[0] == 2  # the most typical, as nothing is answered
    alone = ordering.diversity().rank(Pool(1, features=points[1:2]))
    assert np.isnan(alone).all()


def test_agrees_with_scikit_activeml() -> None:
    pytest.importorskip("skactiveml")
    from skactiveml.pool import uncertainty_scores
    from skactiveml.pool._core_set import k_greedy_center
    from skactiveml.pool._query_by_committee import average_kl_divergence, vote_entropy

    chance = np.random.default_rng(3)
    likely = chance.dirichlet([0.5] * 4, size=200)
    pool = Pool(200, Beliefs(200, {"f": Table(("a", "b", "c", "d"), likely)}))
    for name, theirs, most in (
        ("least_confidence", "least_confident", 3 / 4),
        ("margin", "margin_sampling", 1),
        ("entropy", "entropy", np.log(4)),
    ):
        ours = ordering.uncertainty(name).rank(pool)  # type: ignore[arg-type]
        assert np.allclose(ours * most, uncertainty_scores(likely, method=theirs))

    members = chance.dirichlet([0.5] * 4, size=(3, 200))
    committee = Beliefs(200, members=tuple(Beliefs(200, {"f": Table(("a", "b", "c", "d"), one)}) for one in members))
    ours = ordering.disagreement().rank(Pool(200, committee))
    assert np.allclose(ours * np.log(3), average_kl_divergence(members), atol=1e-6)
    votes = np.argmax(members, axis=2).T
    ours = ordering.disagreement("votes").rank(Pool(200, committee))
    theirs = vote_entropy(votes, np.arange(4))
    assert np.corrcoef(ours, theirs)[0, 1] == pytest.approx(1)

    points = chance.normal(size=(120, 5)).astype(np.float32)
    labels = np.full(120, np.nan)
    labels[100:] = 0  # the last ones are answered
    chosen, _ = k_greedy_center(points.astype(float), labels, batch_size=30, random_state=0)
    found = ordering.diversity().rank(Pool(100, features=points[:100], answered=points[100:]))
    assert np.argsort(-found)[:30].tolist() == chosen.tolist()


# ---- ranking anew -----------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(
    n=st.integers(1, 60), fixed=st.integers(0, 70), share=st.floats(0, 1), seed=st.integers(0, 99), left=st.booleans()
)
def test_nothing_gets_lost(n: int, fixed: int, share: float, seed: int, left: bool) -> None:
    chance = np.random.default_rng(seed)
    order: Any = range(n) if seed % 3 == 0 else Positions(chance.permutation(n)[: max(n // 2, 1) if left else n])
    best = chance.integers(-3, n + 3, size=chance.integers(0, n + 1))  # some twice, some not there
    held_out = chance.integers(0, n, size=chance.integers(0, n + 1))

    def made() -> list[int]:
        generator = np.random.default_rng(seed)
        return list(ordering.reranked(order, fixed, best, held_out=held_out, share=share, generator=generator))

    before, after = list(order), made()
    assert after == made()
    assert sorted(after) == sorted(before)
    assert after[:fixed] == before[:fixed]
    free = before[fixed:]
    aside = set(held_out.tolist()) & set(free) if share > 0 else set()
    ahead = [one for one in dict.fromkeys(best.tolist()) if one in free and one not in aside]
    assert [one for one in after[fixed:] if one in ahead] == ahead
    brought = len(ahead) and after.index(ahead[-1]) + 1 - fixed
    assert set(after[fixed : fixed + brought]) <= set(ahead) | aside
    rest = after[fixed + brought :]
    assert rest == [one for one in before if one in rest]


def test_held_out_items_come_at_their_share_however_often_it_is_ranked() -> None:
    order: Any = range(1000)
    generator = np.random.default_rng(0)
    held_out = np.arange(0, 1000, 5)
    met = []
    for place in range(0, 400, 4):  # anew every four answers: less than a turn of those held out
        best = np.array([one for one in generator.permutation(1000) if one % 5])
        order = ordering.reranked(order, place, best, held_out=held_out, share=0.1, generator=generator)
        met += [one for one in order[place : place + 4] if one % 5 == 0]
    assert len(met) == 40
    assert abs(np.mean(met) - 500) < 150  # not the first ones, nor those ranked high


def test_a_sample_is_of_open_items_only() -> None:
    is_open = np.ones(1000, dtype=bool)
    is_open[::2] = False
    order = Positions(np.random.default_rng(0).permutation(1000).astype(np.uint32))
    drawn, of = ordering.sample(order, 100, is_open, count=50, generator=np.random.default_rng(1))
    again, _ = ordering.sample(order, 100, is_open, count=50, generator=np.random.default_rng(1))
    assert drawn.tolist() == again.tolist()
    tail = [one for one in order[100:] if one % 2]
    assert of == len(tail)
    assert len(set(drawn.tolist())) == 50
    assert set(drawn.tolist()) <= set(tail)
    everything, _ = ordering.sample(order, 100, is_open, count=5000, generator=np.random.default_rng(1))
    assert sorted(everything.tolist()) == sorted(tail)
    nothing, of = ordering.sample(order, 100, np.zeros(1000, dtype=bool))
    assert (nothing.size, of) == (0, 0)


def test_ranking_ends_when_the_time_is_used_up() -> None:
    asked: list[int] = []

    def ask(batch: np.ndarray[Any, Any]) -> Pool:
        asked.append(len(batch))
        return Pool(len(batch), Beliefs(len(batch), scores=batch.astype(float)))

    made = ordering.rank(ordering.uncertainty(), np.arange(500), ask, seconds=0, of=998_000)
    assert made.looked == asked[0] < 500  # one batch is looked at in any case
    assert made.positions.tolist() == list(range(made.looked))[::-1]
    assert made.words == f"looked at {made.looked} of 998,000"
    made = ordering.rank(ordering.uncertainty(), np.arange(500), ask, seconds=60)
    assert (made.looked, made.told, made.words) == (500, 500, "looked at all 500")
    asked.clear()
    made = ordering.rank(ordering.uncertainty(), np.arange(500), ask, seconds=60, stop=lambda: len(asked) == 2)
    assert made.looked == sum(asked[:2]) < 500
    assert ordering.rank(ordering.uncertainty(), np.arange(0), ask).words == "looked at all 0"


def test_what_the_model_says_nothing_of_comes_last() -> None:
    def ask(batch: np.ndarray[Any, Any]) -> Pool:
        said = np.where(batch % 2 == 0, np.nan, batch)
        return Pool(len(batch), Beliefs(len(batch), scores=said.astype(float)))

    made = ordering.rank(ordering.uncertainty(), np.arange(6), ask)
    assert made.positions.tolist() == [5, 3, 1, 0, 2, 4]
    assert made.told == 3


# ---- the queue --------------------------------------------------------------------------------------


def queue_of(texts: list[str], order: Any = None) -> tuple[Queue, Any, Any]:
    source, store, schema = open_source(texts), open_store(":memory:"), Schema.of({"mood": ["good", "bad"]})
    store.put_schema("demo", schema)
    answers = Answers(source, schema, store, "demo", "me", None)
    return Queue(range(len(texts)) if order is None else order, source, answers), answers, store


def test_the_person_stays_and_what_is_next_stays() -> None:
    queue, answers, _ = queue_of([str(n) for n in range(10)])
    for position in (0, 1, 3, 8):
        answers.note(position, ANSWER)
    queue.index = 2
    assert queue.fixed == 6  # 4 and 5 are next
    drawn, of = queue.draw()
    assert (sorted(drawn.tolist()), of) == ([6, 7, 9], 3)
    assert queue.rank(np.array([9, 8, 7, 23])) == 6  # 8 was answered meanwhile, and 23 is gone
    assert list(queue.shown) == [0, 1, 2, 3, 4, 5, 9, 7, 6, 8]
    assert (queue.generation, queue.index, queue.position, queue.place_of(9)) == (2, 2, 2, 6)
    assert queue.rank(np.array([9, 7])) is None  # nothing has moved
    assert queue.generation == 2
    queue.index = 0  # looking at what was done: what comes next is still the same
    assert queue.fixed == 5
    assert queue.rank(np.array([7])) == 5
    assert list(queue.shown) == [0, 1, 2, 3, 4, 7, 5, 9, 6, 8]
    queue.index = 8
    assert queue.fixed == 10
    assert queue.rank(np.array([9])) is None  # nothing is left to be ranked


def test_a_new_order_loses_nothing_and_keeps_what_is_fixed() -> None:
    queue, _, _ = queue_of([str(n) for n in range(10)])
    with pytest.raises(ValueError, match="changes a place before 3"):
        queue.reorder(Positions(np.arange(10)[::-1]), 3)
    for other in (np.arange(9), np.arange(11), np.array([0] * 10), np.arange(10) + 1):
        with pytest.raises(ValueError, match="not of the same items"):
            queue.reorder(Positions(other), 0)
    queue.index = 8  # beyond what is fixed
    assert queue.reorder(Positions(np.array([0, 1, 2, 8, 9, 3, 4, 5, 6, 7])), 3)
    assert (queue.index, queue.position) == (3, 8)
    assert (list(queue.order), queue.generation) == (list(queue.shown), 2)


def test_whoever_begins_in_the_middle_leaves_nothing_behind() -> None:
    queue, answers, _ = queue_of([str(n) for n in range(60)], Positions(np.random.default_rng(1).permutation(60)))
    done = [queue[place] for place in (3, 10, 50)]
    for position in done:
        answers.note(position, ANSWER)
    queue.index = 55
    here = queue.position
    _, of = queue.draw()
    assert of == 57
    best = np.array([one for one in queue.shown if one != here][::-1])
    assert queue.rank(best) == 0  # nothing stands where it stood
    assert list(queue.shown) == [*done, here, *[one for one in best if one not in done]]
    assert (queue.index, queue.position) == (3, here)


def test_under_a_filter_what_passes_is_ranked() -> None:
    start = ordering.positions("random", open_source(["x"] * 20), "demo")
    queue, answers, store = queue_of([f"{n} {'odd' if n % 2 else 'even'}" for n in range(20)], start)
    queue.show(Filter(text="odd"), None, store, "demo", "me")
    queue.index = 1
    shown = list(queue.shown)
    best = np.array([19, 4, 3, shown[0], 11])
    assert queue.rank(best) == 4
    ahead = [one for one in (19, 3, 11) if one not in shown[:4]]
    assert list(queue.shown) == [*shown[:4], *ahead, *[one for one in shown[4:] if one not in ahead]]
    assert (queue.index, queue.position, queue.filter.text) == (1, shown[1], "odd")
    # an answer given meanwhile changes nothing of what passes
    answers.note(shown[0], ANSWER)
    queue.rank(np.array([queue.shown[-1]]))
    assert sorted(queue.shown) == list(range(1, 20, 2))
    queue.show(Filter(), queue.position, store, "demo", "me")
    assert sorted(queue.shown) == list(range(20))
    assert queue.position == shown[1]


def test_a_million_items_cost_a_sample() -> None:
    n = 1_000_000
    asked = 0

    def ask(batch: np.ndarray[Any, Any]) -> Pool:
        nonlocal asked
        asked += len(batch)
        return Pool(len(batch), Beliefs(len(batch), scores=-np.abs(batch - n / 2)))

    generator = np.random.default_rng(5)
    order = Positions(generator.permutation(np.arange(n, dtype=np.uint32)))
    tracemalloc.start()
    candidates, of = ordering.sample(order, 10, np.ones(n, dtype=bool), generator=generator)
    made = ordering.rank(ordering.uncertainty(), candidates, ask, seconds=60, of=of)
    after = ordering.reranked(order, 10, made.positions, held_out=candidates[:100], share=0.1, generator=generator)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert asked == 2000
    assert made.words == "looked at 2,000 of 999,990"
    assert np.asarray(after) is after.array
    assert np.array_equal(np.sort(after.array), np.arange(n))
    assert most < 40 * n  # a few arrays of the order's length, for a moment
