"""Target, task and features follow from what a table holds and what its owner chooses."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from data.errors import InvalidValue
from data.uploads.choosing import MIN_CLASS_ROWS, MIN_ROWS, TASK_RULE, Choice, choose
from data.uploads.reading import UploadedTable

ROWS = 60
RNG = np.random.default_rng(1)
Maker = Callable[[pd.DataFrame], UploadedTable]


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        ([0, 1], "binary", ("0", "1")),
        ([3.5, 1.25], "binary", ("1.25", "3.5")),
        (["no", "yes"], "binary", ("no", "yes")),
        ([True, False], "binary", ("False", "True")),
        (["a", "c", "b"], "multiclass", ("a", "b", "c")),
        ([10, 2, 1], "multiclass", ("1", "2", "10")),
        ([1, 2, 3, 4, 5, 6, 7], "multiclass", ("1", "2", "3", "4", "5", "6", "7")),
        (list(range(8)), "regression", ()),
        ([0.5, 1.5, 2.5], "regression", ()),
    ],
)
def test_the_task_follows_from_the_target(
    values: list[object], task: str, classes: tuple[str, ...], as_csv: Maker
) -> None:
    """Sixty rows, whose square root is between 7 and 8."""
    frame = pd.DataFrame({"x": RNG.normal(size=ROWS), "y": np.resize(np.array(values), ROWS)})
    chosen = choose(as_csv(frame), Choice("y"))
    assert (chosen.target.task, chosen.target.classes) == (task, classes), TASK_RULE
    if classes:
        names = np.array(chosen.target.classes)[chosen.rows["y"]]
        assert list(names) == [
            f"{v:g}" if isinstance(v, int | float) and not isinstance(v, bool) else str(v) for v in frame["y"].tolist()
        ]
    else:
        np.testing.assert_array_equal(chosen.rows["y"], frame["y"])


def test_the_positive_class_and_the_task_can_be_chosen(houses: pd.DataFrame, as_csv: Maker) -> None:
    chosen = choose(as_csv(houses), Choice("garden", positive="no"))
    assert chosen.target.classes == ("yes", "no")
    np.testing.assert_array_equal(chosen.rows["garden"] == 1, houses["garden"] == "no")
    assert choose(as_csv(houses), Choice("rooms")).target.task == "multiclass"
    assert choose(as_csv(houses), Choice("rooms", task="regression")).target.task == "regression"


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        (Choice("gone"), r"column = 'gone' is not in houses.csv: choose one of id, sold"),
        (Choice("id"), r"column = 'id' is a column of kind text"),
        (Choice("price", features=("sold",)), r"column = 'sold' is a column of kind time"),
        (Choice("price", features=("price", "area")), r"features = \['price'\] must be named once"),
        (Choice("price", features=("area", "area")), r"must be named once"),
        (Choice("price", features=("area",), group_column="area"), r"features = \['area'\]"),
        (Choice("price", group_column="price"), r"target = 'price' must not be the time or group too"),
        (Choice("price", time_column="town"), r"time_column = 'town' holds neither times nor numbers"),
        (Choice("town", task="regression"), r"task = 'regression' needs numbers"),
        (Choice("town", task="binary"), r"target = 'town' has 3 different values, and a binary target must have 2:"),
        (Choice("garden", task="multiclass"), r"has 2 different values, and a multiclass target must have 3 to 100"),
        (Choice("garden", positive="maybe"), r"positive = 'maybe' is not a class: choose one of no, yes"),
        (Choice("price", task="multiclass"), r"target = 'price' has a class, .* with 1 rows, and each must have 5"),
    ],
)
def test_a_choice_that_the_table_does_not_allow_says_why(
    houses: pd.DataFrame, choice: Choice, says: str, as_csv: Maker
) -> None:
    with pytest.raises(InvalidValue, match=says):
        choose(as_csv(houses), choice)


def test_too_few_rows_are_refused(houses: pd.DataFrame, as_csv: Maker) -> None:
    with pytest.raises(InvalidValue, match=f"rows = 10 must be {MIN_ROWS} at least"):
        choose(as_csv(houses.head(10)), Choice("price"))
    houses["constant"] = 1
    with pytest.raises(InvalidValue, match="must have 2"):
        choose(as_csv(houses), Choice("constant", task="binary"))
    with pytest.raises(InvalidValue, match="is the same in every row"):
        choose(as_csv(houses), Choice("constant", task="regression"))
    houses["rare"] = ["a"] * (MIN_CLASS_ROWS - 1) + ["b"] * (ROWS - MIN_CLASS_ROWS + 1)
    with pytest.raises(InvalidValue, match="target = 'rare' has a class, a, with 4 rows"):
        choose(as_csv(houses), Choice("rare"))


def test_too_many_names_are_refused(houses: pd.DataFrame, as_csv: Maker) -> None:
    many = pd.concat([houses] * 20, ignore_index=True)
    many["street"] = [f"s{number}" for number in range(len(many))]
    table = as_csv(many)
    assert table.column("street").kind == "text"
    with pytest.raises(InvalidValue, match="has 1,200 different names, and must have 1 to 1,000"):
        choose(table.with_kinds(street="category"), Choice("price", features=("street",)))
