"""Which of six cars a person would buy: stated choices of 4,654 people."""

import pandera.pandas as pa

from data.datasets._shipped import Shipped
from data.datasets.contract import Target
from data.schema import Feature, Schema

TYPES = ("regcar", "sportcar", "sportuv", "stwagon", "truck", "van")
FUELS = ("cng", "electric", "gasoline", "methanol")
CARS = 6
"""Cars that each person chose among."""


class CarChoice(Shipped):
    title = "Car choice"
    description = (
        "A row is one car out of the six that a person was shown, with what is known of the person, and whether it was "
        "the one chosen. A dealership's site ranks the cars it shows a visitor by the probability of being chosen: "
        "4,654 people, 27,924 rows, and guessing puts the right car first one time in six. The source names electric "
        "and methanol cars the wrong way round (its methanol cars have no emissions, no filling stations and a range "
        "of at most 200 miles); here the two names are exchanged."
    )
    source = (
        "D. McFadden and K. Train (2000), Mixed MNL models for discrete response, Journal of Applied Econometrics "
        "15(5), 447-470; dataset Car of the R package Ecdat, https://vincentarelbundock.github.io/Rdatasets/"
    )
    licence = "Public archive of the Journal of Applied Econometrics; distributed by Ecdat under GPL-2 or later"
    content_hash = "11c6c35aa796b2f2e8dad722a4f1236821fc25e545d1c61bd633f3bcf85dbcf5"
    group_column = "person"
    schema = Schema(
        (
            Feature("college", description="The person has some college education: 1, else 0"),
            Feature("hsg2", description="The household has more than two members: 1, else 0"),
            Feature("coml5", description="The commute is shorter than five miles: 1, else 0"),
            Feature("type", "category", TYPES, description="Body of the car"),
            Feature("fuel", "category", FUELS, description="What it runs on"),
            Feature("price", description="Price in thousands of dollars divided by the logarithm of income"),
            Feature("range", unit="miles", description="Distance between refuellings or recharges"),
            Feature("acc", unit="s", description="Time from standstill to 30 mph"),
            Feature("speed", unit="mph", description="Highest speed"),
            Feature("pollution", description="Tailpipe emissions as a share of a new petrol car's"),
            Feature("size", description="0 mini, 1 subcompact, 2 compact, 3 mid-size or large"),
            Feature("space", description="Luggage space as a share of a comparable new petrol car's"),
            Feature("cost", unit="cents/mile", description="Cost of travel"),
            Feature("station", description="Share of stations that can refuel or recharge it"),
        )
    )
    targets = (Target("chosen", "binary", "Whether the person chose this car", classes=("no", "yes")),)
    contract = pa.DataFrameSchema(
        {
            "person": pa.Column("int64", pa.Check.in_range(1, 4654)),
            **{name: pa.Column("int64", pa.Check.isin([0, 1])) for name in ("college", "hsg2", "coml5")},
            "type": pa.Column("category", pa.Check.isin(TYPES)),
            "fuel": pa.Column("category", pa.Check.isin(FUELS)),
            "price": pa.Column("float64", pa.Check.in_range(0, 20)),
            "range": pa.Column("int64", pa.Check.in_range(50, 400)),
            "acc": pa.Column("float64", pa.Check.in_range(2, 6)),
            "speed": pa.Column("int64", pa.Check.in_range(55, 140)),
            **{name: pa.Column("float64", pa.Check.in_range(0, 1)) for name in ("pollution", "space", "station")},
            "size": pa.Column("int64", pa.Check.in_range(0, 3)),
            "cost": pa.Column("int64", pa.Check.in_range(1, 8)),
            "chosen": pa.Column("int64", pa.Check.isin([0, 1])),
        },
        checks=pa.Check(
            lambda rows: rows.groupby("person")["chosen"].agg(["size", "sum"]).eq([CARS, 1]).all(axis=None),
            name="each person chose one of six cars",
        ),
        strict=True,
    )
