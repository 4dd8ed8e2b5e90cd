"""Bills against AWS's published example, and settings against their bounds."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InvalidValue
from strategies.functions.billing import Bill, billed_ms, gb_s
from strategies.functions.settings import Settings, memory_mb, parse


def test_the_pricing_pages_example_comes_out() -> None:
    # 3 million requests of 1 s at 512 MB are 1,500,000 GB-seconds: https://aws.amazon.com/lambda/pricing/
    assert 3_000_000 * gb_s(512, billed_ms(1.0)) == 1_500_000


@given(st.integers(0, 900_000))
def test_whole_milliseconds_are_billed_as_they_are(milliseconds: int) -> None:
    assert billed_ms(milliseconds / 1e3) == milliseconds


@given(st.fractions(0, 900).filter(lambda f: (f * 1000).denominator > 1 and (f * 1000) % 1 > Fraction(1, 1000)))
def test_a_fraction_is_billed_as_the_next_one(seconds: Fraction) -> None:
    assert billed_ms(float(seconds)) == math.ceil(seconds * 1000)


def test_a_cold_start_is_billed_with_its_request() -> None:
    bill = Bill(1_024)
    assert bill.add(0.0101, init_s=0.5) == 511
    assert bill.add(0.0101) == 11
    assert (bill.requests, bill.billed_ms) == (2, 522)
    assert bill.gb_s == pytest.approx(0.522)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("memory_mb", 64),
        ("memory_mb", 512.5),
        ("concurrency", 0),
        ("concurrency", True),
        ("provisioned", 21),
        ("idle_s", 0),
        ("idle_s", "soon"),
        ("timeout_s", 901),
        ("init_timeout_s", -1.0),
    ],
)
def test_a_setting_out_of_bounds_is_refused(name: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=name):
        Settings(**{name: value})  # type: ignore[arg-type]


@given(st.integers(128, 10_240), st.integers(1, 1_000), st.floats(0.01, 86_400), st.lists(st.text(max_size=5)))
def test_settings_survive_the_command_line(memory: int, concurrency: int, idle_s: float, function: list[str]) -> None:
    settings = Settings(memory_mb=memory, concurrency=concurrency, idle_s=idle_s)
    found = parse([*settings.arguments(), "--", "--package", "p", *function, "--port", "80"])
    assert found == (settings, 80, ["--package", "p", *function])


def test_memory_is_rounded_up_to_whole_mebibytes() -> None:
    assert memory_mb(None) == Settings().memory_mb
    assert memory_mb(300 * 2**20) == 300
    assert memory_mb(300 * 2**20 + 1) == 301
