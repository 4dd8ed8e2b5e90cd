"""The question as a value and as an address."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidValue
from simulators.whatif import LONGEST_S, Question

NAMES = st.text("abcdefghij_", min_size=1, max_size=12)
QUESTIONS = st.builds(
    Question,
    preset=NAMES, architecture=NAMES, strategy=NAMES, profile=NAMES, trace=NAMES,
    rate_rps=st.integers(1, 10**9).map(lambda n: n / 10_000),
    duration_s=st.sampled_from([1.0, 60.0, 3_600.0, LONGEST_S]),
    slo_ms=st.integers(1, 10**9).map(lambda n: n / 1_000),
    seed=st.integers(0, 2**31 - 1),
    settings=st.dictionaries(NAMES, st.integers(-10**6, 10**6).map(lambda n: n / 8), max_size=4).map(
        lambda found: tuple(sorted(found.items()))
    ),
)  # fmt: skip


@settings(deadline=None)
@given(QUESTIONS)
def test_an_address_brings_it_back(question: Question) -> None:
    again, problems = Question.from_query(question.to_query())
    assert not problems
    assert again == question
    assert again.to_query() == question.to_query()


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(["seed", "rate_rps", "set.replicas", "slo_ms", "x", "set."]), st.text(max_size=20))
)
def test_no_address_raises(parameters: dict[str, str]) -> None:
    question, problems = Question.from_query(parameters)
    assert isinstance(question, Question)
    assert all(str(problem) for problem in problems)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rate_rps", "many"),
        ("rate_rps", "-3"),
        ("rate_rps", "nan"),
        ("seed", "1.5"),
        ("duration_s", "1e9"),
        ("slo_ms", "0"),
    ],
)
def test_what_cannot_be_used_is_named_and_the_rest_stays(name: str, text: str) -> None:
    question, problems = Question.from_query({name: text, "preset": "flash_sale"})
    assert question.preset == "flash_sale"
    assert getattr(question, name) == getattr(Question(), name)
    assert [problem.name for problem in problems] == [name]


def test_a_setting_is_changed_and_forgotten() -> None:
    question = Question().with_settings(replicas=3, workers=2)
    assert dict(question.without_setting("workers").settings) == {"replicas": 3}
    assert question.without_settings() == Question()
    with pytest.raises(InvalidValue, match="rate_rps"):
        Question(rate_rps=0)
