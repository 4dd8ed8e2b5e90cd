"""From what a deployment uses in a month to a bill, line by line with its arithmetic."""

from simulators.cost.bill import Bill, Line, Used, bill
from simulators.cost.money import cents

__all__ = ["Bill", "Line", "Used", "bill", "cents"]
