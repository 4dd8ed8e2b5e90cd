"""The offline half: every value that a feature ever had, in Parquet files, for training on the past as it was then.

A point-in-time join gives each asked moment what the online half would have served at that moment: of the rows known
by then, the one about the latest event. A plain join by day or by "the latest we have" takes in what came to be known
later, and a model trained on that expects knowledge that nobody has when it is asked.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import InvalidValue
from strategies.features.view import EVENT, KNOWN, FeatureView

if TYPE_CHECKING:
    import pandas as pd

_ASKED = "asked_at"


class OfflineStore:
    """A folder of Parquet files, one more for each time that rows are added."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, view: FeatureView, rows: "pd.DataFrame") -> None:
        """Keep more rows; later ones about the same event correct earlier ones from their `known_at` on."""
        found = view.checked(rows)
        folder = self._folder / view.name
        folder.mkdir(parents=True, exist_ok=True)
        number = len(list(folder.glob("part-*.parquet")))
        partial = folder / f".part-{number:06d}.partial"
        found.to_parquet(partial, index=False)
        partial.rename(folder / f"part-{number:06d}.parquet")

    def rows(self, view: FeatureView) -> "pd.DataFrame":
        """All rows, in the order in which they became known."""
        import pandas as pd

        parts = sorted((self._folder / view.name).glob("part-*.parquet"))
        if not parts:
            raise InvalidValue("view", view.name, "has no rows yet", "add some first")
        whole = pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)
        whole = whole.astype(dict.fromkeys((EVENT, KNOWN), "datetime64[s]"))  # a Parquet file keeps milliseconds
        return whole.sort_values([KNOWN, EVENT], kind="stable", ignore_index=True)

    def at(self, view: FeatureView, asked: "pd.DataFrame", moment: str) -> "pd.DataFrame":
        """What was known at each asked moment: a point-in-time join.

        Parameters
        ----------
        asked
            With the view's entity and the column `moment`; rows keep their order and index.

        Returns
        -------
        pandas.DataFrame
            The features, NaN where nothing was known or all was too old.
        """
        import pandas as pd

        known = _current(view, self.rows(view))
        questions = pd.DataFrame({
            view.entity: asked[view.entity].to_numpy(),
            _ASKED: asked[moment].astype("datetime64[s]").to_numpy(),
        })  # fmt: skip
        ordered = questions.sort_values(_ASKED, kind="stable")
        found = pd.merge_asof(ordered, known, left_on=_ASKED, right_on=KNOWN, by=view.entity)
        found.index = ordered.index
        found = found.sort_index()
        old = (found[_ASKED] - found[EVENT]).dt.total_seconds() > view.max_age_s
        values = found[list(view.features)].mask(old)
        values.index = asked.index
        return values


def _current(view: FeatureView, rows: "pd.DataFrame") -> "pd.DataFrame":
    """Rows that were the latest event when they became known: one that came in late about an older event is none."""
    return rows[rows[EVENT] >= rows.groupby(view.entity)[EVENT].cummax()]
