"""Price lists as data: each price with its provider, region, unit, date, source and how far it is to be trusted.

A list is a TOML file. Those in data/prices/lists/ ship with Drydock; a team's own are kept in the state folder, and may
hold machines of its own beside prices. `price_list` finds one by name.
"""

from data.prices.keeping import keep_price_list, price_list, price_list_names
from data.prices.model import Allowance, Machine, Price, PriceList
from data.prices.reading import read_price_list

__all__ = [
    "Allowance", "Machine", "Price", "PriceList", "keep_price_list", "price_list", "price_list_names",
    "read_price_list",
]  # fmt: skip
