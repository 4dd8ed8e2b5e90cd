"""Files that a user might give."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.uploads.reading import UploadedTable, read_table

ROWS = 60
Maker = Callable[[pd.DataFrame], UploadedTable]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRYDOCK_HOME", str(tmp_path / "home"))


@pytest.fixture
def houses() -> pd.DataFrame:
    """Sixty houses: a time, an identifier, numbers with holes, names with holes."""
    rng = np.random.default_rng(1)
    area = rng.uniform(40, 200, ROWS).round(1)
    frame = pd.DataFrame(
        {
            "id": [f"h{number}" for number in range(ROWS)],
            "sold": pd.date_range("2024-01-01", periods=ROWS, freq="D")[::-1],
            "town": np.resize(["Bath", "Cork", "Ely"], ROWS),
            "area": area,
            "rooms": np.resize([1, 2, 3, 4], ROWS),
            "garden": np.resize(["yes", "no"], ROWS),
            "price": (area * 3_000 + rng.normal(0, 9_000, ROWS)).round(),
        }
    )
    frame.loc[3, "area"] = np.nan
    frame.loc[4, "town"] = None
    return frame


@pytest.fixture
def broken(houses: pd.DataFrame) -> bytes:
    """Line 1 is the header. Lines 4 and 9 are out of shape, line 12 and 20 hold no number, line 30 no time."""
    lines = houses.to_csv(index=False).splitlines()
    lines[3] += ",extra"
    lines[8] = "h7,only,three"
    lines[11] = lines[11].replace(lines[11].split(",")[3], "huge")
    lines[19] = lines[19].replace(lines[19].split(",")[6], "inf")
    lines[29] = lines[29].replace(lines[29].split(",")[1], "Tuesday")
    return "\n".join(lines).encode()


@pytest.fixture
def as_csv() -> Maker:
    """Makes what is read from a table saved as CSV."""
    return lambda frame: read_table(frame.to_csv(index=False).encode(), "houses.csv")


@pytest.fixture
def as_parquet() -> Maker:
    """Makes what is read from a table saved as Parquet."""

    def make(frame: pd.DataFrame) -> UploadedTable:
        buffer = io.BytesIO()
        frame.to_parquet(buffer)
        return read_table(buffer.getvalue(), "houses.parquet")

    return make
