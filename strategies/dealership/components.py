"""The five components, each with what it alone keeps."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from data.schema import Schema
from strategies.dealership.contract import DATASET, Ask, Component, Document, Unknown
from strategies.packaging.package import ModelPackage
from strategies.packaging.runtime import load_predictor

CARS = 6
"""Cars that each customer is shown."""
OF_PERSON = ("college", "hsg2", "coml5")
"""Features that belong to the customer; the others are a car's."""


class Gateway(Component):
    """Takes the customer's request and asks the others in turn."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def answer(self, document: Document) -> Document:
        number = document.get("customer")
        if not isinstance(number, int) or isinstance(number, bool):
            raise Unknown(f"customer = {number!r} must be a whole number: send a customer's number.")
        person = await self._ask("customers", {"customer": number})
        rows = await self._ask("features", {"customer": number, "person": person["person"]})
        scored = await self._ask("model", {"rows": rows["rows"]})
        ranked = await self._ask("ranking", {"cars": rows["cars"], "scores": scored["scores"]})
        return {"customer": number, "ranking": ranked["ranking"], "version": scored["version"]}


class Customers(Component):
    """Knows each customer."""

    def __init__(self) -> None:
        from data.catalogue import find_dataset  # here: who needs no tables starts without what reads them

        table = find_dataset(DATASET).load().drop_duplicates("person")
        self._people: Mapping[int, dict[str, int]] = {
            int(person): dict(zip(OF_PERSON, map(int, values), strict=True))
            for person, *values in table[["person", *OF_PERSON]].itertuples(index=False)
        }

    async def answer(self, document: Document) -> Document:
        person = self._people.get(document["customer"])
        if person is None:
            raise Unknown(f"customer = {document['customer']} is not known: numbers go from 1 to {len(self._people)}.")
        return {"person": person}


class Features(Component):
    """Knows which cars each customer is shown, and makes what the model reads of them."""

    def __init__(self) -> None:
        from data.catalogue import find_dataset

        dataset = find_dataset(DATASET)
        self._schema: Schema = dataset.schema
        of_car = [name for name in dataset.schema.names if name not in OF_PERSON]
        table = dataset.load()
        records = table[of_car].astype(object).to_dict("records")
        self._cars: dict[int, list[dict[str, object]]] = {}
        for person, record in zip(table["person"].tolist(), records, strict=True):
            self._cars.setdefault(int(person), []).append({str(name): value for name, value in record.items()})

    async def answer(self, document: Document) -> Document:
        cars = self._cars[document["customer"]]
        rows = self._schema.encode_records([{**document["person"], **car} for car in cars])  # (6, features)
        about = [{"type": car["type"], "fuel": car["fuel"], "price": car["price"]} for car in cars]
        return {"rows": rows.tolist(), "cars": about}


class Model(Component):
    """Answers with the model's probability that each car is chosen."""

    def __init__(self, package: ModelPackage) -> None:
        self._load(package)

    def _load(self, package: ModelPackage) -> None:
        predictor = load_predictor(package)
        predictor.predict(np.zeros((CARS, len(package.manifest.schema)), np.float32))
        self._serving = predictor.predict, package.version

    async def swap(self, folder: Path) -> str:
        """Serve another package; answers go on meanwhile."""
        await asyncio.to_thread(lambda: self._load(ModelPackage.open(folder)))
        return self._serving[1]

    async def answer(self, document: Document) -> Document:
        predict, version = self._serving
        scores = predict(np.array(document["rows"], np.float32))[:, -1]  # (6,)
        return {"scores": scores.tolist(), "version": version}


class Ranking(Component):
    """Puts the likeliest car first; equal ones stay in the order in which they came."""

    async def answer(self, document: Document) -> Document:
        scored = zip(document["scores"], document["cars"], strict=True)
        ranked = [{**car, "probability": score} for score, car in scored]
        return {"ranking": sorted(ranked, key=lambda car: -float(car["probability"]))}


def build(names: tuple[str, ...], package: Path, ask: Ask) -> dict[str, Component]:
    """These components, ready to answer."""
    makers = {
        "gateway": lambda: Gateway(ask),
        "customers": Customers,
        "features": Features,
        "model": lambda: Model(ModelPackage.open(package)),
        "ranking": Ranking,
    }
    return {name: makers[name]() for name in names}
