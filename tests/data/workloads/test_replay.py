"""A replayed trace comes out as it went in, scaled as asked; a file that is no trace says where."""

from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from data.errors import InvalidFile, InvalidValue
from data.workloads._traces import SHIPPED, load_trace, store_trace, trace_names
from data.workloads.replay import Replay

REAL = Path(__file__).parents[4] / "shared" / "traces"
some = settings(derandomize=True, max_examples=50, deadline=None)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRYDOCK_HOME", str(tmp_path / "home"))


def arrivals(replay: Replay, seed: int = 1) -> NDArray[np.float64]:
    at_s = replay.arrivals(np.random.default_rng(seed))
    assert (np.diff(at_s) >= 0).all()
    assert not len(at_s) or (at_s[0] >= 0 and at_s[-1] < replay.duration_s)
    return at_s


def written(folder: Path, text: str, name: str = "t.csv") -> str:
    path = folder / name
    path.write_bytes(text.encode())
    return str(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traces")


@some
@given(
    st.lists(st.integers(0, 50), min_size=2, max_size=30),
    st.sampled_from([0.5, 1, 60]),
    st.sampled_from([0.25, 1, 7, 3_600]),
)
def test_counts_per_interval_are_reproduced_exactly(
    folder: Path, wanted: list[int], interval_s: float, speed: float
) -> None:
    lines = [f"{i * interval_s},{count}" for i, count in enumerate(wanted)]
    source = written(folder, "\n".join(["period,count", *lines]))
    replay = Replay(source=source, speed=speed, duration_s=len(wanted) * interval_s / speed)
    at_s = arrivals(replay)
    found = np.bincount((at_s * speed / interval_s + 1e-9).astype(int), minlength=len(wanted))
    np.testing.assert_array_equal(found, wanted)
    assert replay.mean_rate_rps * replay.duration_s == pytest.approx(sum(wanted))


@some
@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=40), st.sampled_from([0.1, 1, 8]))
def test_moments_are_reproduced_exactly(folder: Path, millis: list[int], speed: float) -> None:
    if len(set(millis)) < 2:
        return
    source = written(folder, "at\n" + "\n".join(f"{ms / 1_000}" for ms in millis))  # in no order
    trace = load_trace(source)
    replay = Replay(source=source, speed=speed, duration_s=trace.length_s / speed)
    np.testing.assert_allclose(arrivals(replay) * speed, (np.sort(millis) - min(millis)) / 1_000, atol=1e-9)


def test_a_window_of_the_trace_can_be_chosen(folder: Path) -> None:
    source = written(folder, "s\n" + "\n".join(str(second) for second in range(100)))
    at_s = arrivals(Replay(source=source, start_s=20, speed=2, duration_s=5))
    np.testing.assert_allclose(at_s, np.arange(0, 5, 0.5))


@pytest.mark.parametrize("factor", [0.1, 0.5, 1.7, 4.0])
@pytest.mark.parametrize("kind", ["counts", "moments"])
def test_the_factor_scales_the_rate(folder: Path, factor: float, kind: str) -> None:
    rng = np.random.default_rng(3)
    if kind == "counts":
        text = "period,count\n" + "\n".join(f"{i},{c}" for i, c in enumerate(rng.poisson(40, 1_000)))
    else:
        text = "at\n" + "\n".join(f"{at:.6f}" for at in np.cumsum(rng.exponential(0.025, 40_000)))
    replay = Replay(source=written(folder, text, f"{kind}.csv"), speed=100, factor=factor, duration_s=9.9)
    original = len(arrivals(replay.model_copy(update={"factor": 1.0})))
    found = len(arrivals(replay))
    spread = np.sqrt(original * (factor % 1) * (1 - factor % 1))  # of the binomial part
    assert abs(found - factor * original) <= 5 * spread + 2 * factor
    assert replay.mean_rate_rps * 9.9 == pytest.approx(factor * original, rel=0.001)


def test_more_of_the_same_users_keep_the_shape(folder: Path) -> None:
    """Ten quiet seconds and ten busy ones stay so, and nothing arrives at the same moment."""
    quiet, busy = np.arange(0, 10, 1.0), np.arange(10, 20, 0.01)
    source = written(folder, "at\n" + "\n".join(f"{at:.2f}" for at in [*quiet, *busy]))
    at_s = arrivals(Replay(source=source, speed=1, factor=3, duration_s=20))
    assert (at_s < 10).sum() == 30
    assert (np.diff(at_s) > 0).all()


def test_without_a_header_the_first_line_counts_too(folder: Path) -> None:
    assert len(load_trace(written(folder, "0.5\n1.5\n2.0\n")).start_s) == 3


def test_times_of_day_and_zones_are_read(folder: Path) -> None:
    text = "when;x\n2024-03-01T10:00:00Z;1\n2024-03-01 12:00:30.250+02:00;2\n2024-03-01T10:01:00.1234567Z;3\n"
    np.testing.assert_allclose(load_trace(written(folder, text)).start_s, [0, 30.25, 60.123456], atol=1e-6)


def test_a_column_can_be_chosen(folder: Path) -> None:
    source = written(folder, "id,sent,done\n7,1,5\n8,2,9\n")
    np.testing.assert_array_equal(load_trace(source, "done").start_s, [0, 4])
    with pytest.raises(InvalidValue, match=r"column = 'gone' is not in t.csv: choose one of id, sent, done"):
        load_trace(source, "gone")


def test_an_interval_left_out_has_no_arrivals(folder: Path) -> None:
    source = written(folder, "period,count\n0,5\n60,5\n300,5\n")
    at_s = arrivals(Replay(source=source, speed=60, duration_s=6))
    np.testing.assert_array_equal(np.bincount(at_s.astype(int), minlength=6), [5, 5, 0, 0, 0, 5])


def test_parquet_is_read_like_csv(folder: Path, tmp_path: Path) -> None:
    table = pd.DataFrame({"period": pd.date_range("2024-01-01", periods=3, freq="min"), "count": [3, 0, 2]})
    table.to_parquet(tmp_path / "t.parquet")
    source = written(folder, table.to_csv(index=False))
    one, other = load_trace(str(tmp_path / "t.parquet")), load_trace(source)
    np.testing.assert_array_equal(one.start_s, other.start_s)
    np.testing.assert_array_equal(one.count, other.count)
    pd.DataFrame({"at": [1.0, None, 2.0]}).to_parquet(tmp_path / "holes.parquet")
    with pytest.raises(InvalidFile, match=r"row 2, column at: 'None' is neither"):
        load_trace(str(tmp_path / "holes.parquet"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("period,count\n0,1\n1,x\n2,-3\n3,1.5\n4,\n", r"line 3, column count: 'x' is not a whole number.*line 6"),
        ("period,count\n0,1\n1,-3\n", r"line 3, column count: '-3' is not a whole number of at least 0"),
        ("period,count\n0,1\n1,1.5\n", r"line 3, column count: '1.5' is not a whole number"),
        ("period,count\n0,1\n0,1\n", r"line 3, column period: '0' does not come after the line before"),
        ("period,count\n0,1\n60,1\n100,4\n145,1\n", r"line 3, column period: '60' is not a multiple of 40 s"),
        ("period,count\n0,1\n", r"column period: '1 interval' does not tell its length"),
        ("period,count\n0,1\n1,2,3\n2,1\n9\n", r"line 3: '3 values' must be 2, one a column; line 5: '1 values'"),
        ("at\n1.0\nsoon\n2.0\n", r"line 3, column at: 'soon' is neither a number of seconds nor a moment"),
        ("at\n2024-01-01\nlater\n2024-13-01\n", r"line 3, column at: 'later'.*line 4, column at: '2024-13-01'"),
        ("at,x\n1,1\n\n\n,1\n3,1\n", r"line 5, column at: '' is neither"),
        ("at\n5\n5\n", r"column at: '2 moments' must be two at least, and differ"),
        ("", r"holds nothing"),
        ("at\n", r"holds no rows"),
        ('at\n"1\n2\n', r"line 2: 'unexpected end of data' stops the file"),
        ("at,at\n1,2\n", r"line 1, column at: 'at' is named twice"),
    ],
)  # fmt: skip
def test_a_malformed_file_names_each_place(folder: Path, text: str, says: str) -> None:
    with pytest.raises(InvalidFile, match=says):
        load_trace(written(folder, text))


def test_only_the_first_problems_are_kept_and_all_are_counted(folder: Path) -> None:
    with pytest.raises(InvalidFile, match=r"and 495 more\. Correct or remove these lines\.$") as error:
        load_trace(written(folder, "at\n" + "1\n" * 600 + "x\n" * 500))
    assert len(error.value.problems) == 100
    assert error.value.total == 500


def test_text_that_is_not_utf8_names_the_line(folder: Path) -> None:
    (folder / "latin.csv").write_bytes("at\n1\n2 f\xfcr\n".encode("latin-1"))
    with pytest.raises(InvalidFile, match=r"line 3: 'byte 0xfc' is not UTF-8. Save the file as UTF-8"):
        load_trace(str(folder / "latin.csv"))


def test_a_file_that_changes_is_read_anew(folder: Path) -> None:
    assert len(load_trace(written(folder, "at\n1\n2\n")).start_s) == 2
    assert len(load_trace(written(folder, "at\n1\n2\n3\n")).start_s) == 3


@pytest.mark.parametrize("source", ["nope", "nope.csv", "/etc/passwd", "..", "."])
def test_what_is_no_trace_is_refused_unread(source: str) -> None:
    with pytest.raises(InvalidValue, match=r"is no trace: give the path of a .csv or .parquet file, or one of flights"):
        Replay(source=source).schedule(1, 1)


def test_a_run_longer_than_its_trace_says_how_long_it_may_be(folder: Path) -> None:
    source = written(folder, "period,count\n0,5\n60,5\n")
    assert len(arrivals(Replay(source=source, speed=10, duration_s=12))) == 10
    with pytest.raises(InvalidValue, match=r"duration_s = 12.1 must not exceed 12, where the trace ends"):
        arrivals(Replay(source=source, speed=10, duration_s=12.1))
    with pytest.raises(InvalidValue, match="must not exceed 100,000,000"):
        arrivals(Replay(source=source, speed=10, duration_s=12, factor=1e6).model_copy(update={"factor": 1e8}))


def test_the_shipped_flights_are_all_there() -> None:
    assert "flights" in trace_names()
    table = pd.read_parquet(SHIPPED / "flights.parquet")
    minutes = int((table["period"].iloc[-1] - table["period"].iloc[0]).total_seconds()) // 60 + 1
    at_s = arrivals(Replay(source="flights", speed=8_640, duration_s=minutes * 60 / 8_640))
    assert len(at_s) == table["count"].sum() == 328_521
    found = np.bincount((at_s * 8_640 / 60 + 1e-9).astype(int), minlength=minutes)
    expected = np.zeros(minutes, int)
    expected[((table["period"] - table["period"].iloc[0]).dt.total_seconds() // 60).astype(int)] = table["count"]
    np.testing.assert_array_equal(found, expected)


def test_a_stored_trace_is_found_by_its_name() -> None:
    store_trace("mine", b"at\n1\n2\n4\n", "upload.CSV")
    assert trace_names() == ("flights", "mine")
    np.testing.assert_array_equal(load_trace("mine").start_s, [0, 1, 3])
    with pytest.raises(InvalidValue, match="name = 'mine' is taken"):
        store_trace("mine", b"at\n1\n2\n", "upload.csv")
    with pytest.raises(InvalidValue, match="name = 'flights' is taken"):
        store_trace("flights", b"at\n1\n2\n", "upload.csv")
    for name in ("", "../x", "A", "x/y", "x" * 65, ".hidden"):
        with pytest.raises(InvalidValue, match="must be 1 to 64 small letters"):
            store_trace(name, b"at\n1\n2\n", "upload.csv")
    with pytest.raises(InvalidValue, match=r"must end in \.csv or \.parquet"):
        store_trace("sheet", b"", "upload.xlsx")
    with pytest.raises(InvalidFile, match="line 3"):
        store_trace("bad", b"at\n1\nx\n2\n3\n", "upload.csv")
    with pytest.raises(InvalidFile, match="is not Parquet"):
        store_trace("bad", b"PAR1 no", "upload.parquet")
    assert trace_names() == ("flights", "mine")


@pytest.mark.skipif(not REAL.is_dir(), reason="the collection of public traces is not on this machine")
def test_public_traces_are_read() -> None:
    azure = str(REAL / "azure_llm_conversation_requests.csv")
    trace = load_trace(azure)
    assert trace.exact
    assert len(trace.start_s) == 19_366
    gaps = np.diff(trace.start_s)
    assert gaps.var() / gaps.mean() ** 2 == pytest.approx(1.20, abs=0.01)
    replay = Replay(source=azure, speed=1, duration_s=trace.length_s)
    assert replay.mean_rate_rps == pytest.approx(5.53, abs=0.005)
    np.testing.assert_allclose(arrivals(replay), trace.start_s)

    cup = str(REAL / "worldcup98_requests_per_minute.csv")
    table = pd.read_csv(cup, parse_dates=["period"])
    trace = load_trace(cup)
    assert not trace.exact
    assert trace.count.sum() == table["count"].sum() == 1_352_804_107
    assert trace.count.max() == 229_426
    begin = (pd.Timestamp("1998-06-10 12:00") - table["period"].iloc[0]).total_seconds()
    at_s = arrivals(Replay(source=cup, speed=60, start_s=begin, duration_s=10, factor=1))
    hour = table[table["period"].between("1998-06-10 12:00", "1998-06-10 12:09")]
    np.testing.assert_array_equal(np.bincount(at_s.astype(int)), hour["count"])
