"""The cost of one candidate as a function of everything that it depends on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from data.estimate import Estimate
from data.prices import PriceList
from simulators.cost.bill import Bill, bill
from simulators.cost.money import decimal
from simulators.cost.month import Month
from simulators.cost.month_of import used_in
from simulators.cost.shape import Shape, Work


@dataclass(frozen=True, slots=True)
class CostModel:
    """A candidate, its work, a month and a price list; change any of them with `dataclasses.replace`."""

    shape: Shape
    work: Work
    month: Month
    prices: PriceList

    def bill(self) -> Bill:
        """The month's bill. Raises `InvalidValue` where the list has no price for something."""
        return bill(
            used_in(self.shape, self.work, self.month, self.prices),
            self.prices,
            requests=decimal(self.month.requests),
            hours=decimal(self.month.hours),
            free_tier=self.month.free_tier,
            staff_usd=decimal(self.month.staff_usd_per_hour),
        )

    def usd(self) -> Decimal:
        """The month's exact sum."""
        return self.bill().exact_usd

    def monthly(self) -> Estimate:
        """US dollars per month, with the interval that the forecast's uncertainty and the service time's interval span.

        Both at their low ends and both at their high ends: every line grows with each of them.
        """
        low, high = (model.usd() for model in self.ends())
        return Estimate(float(self.usd()), float(low), float(high), self.work.n, "USD/month")

    def per(self, predictions: int) -> Estimate:
        """US dollars for so many predictions.

        Traffic that is lower than forecast makes each prediction dearer, where machines stand there anyway; so both
        ends of the traffic are tried with both of the service time.
        """
        value = self.bill().usd_per(predictions)
        tried = [model.bill().usd_per(predictions) for model in (*self.ends(), *self.ends(crossed=True))]
        unit = f"USD per {predictions:,}"
        return Estimate(float(value), float(min(tried)), float(max(tried)), self.work.n, unit)

    def ends(self, crossed: bool = False) -> Sequence["CostModel"]:
        """The model at both ends of the service time, and of the traffic (the other way round if crossed)."""
        off = self.month.uncertainty_share
        services = (self.work.service_low_s, self.work.service_high_s)
        rates = (self.month.rate_rps * (1 - off), self.month.rate_rps * (1 + off))
        pairs = zip(services, rates[::-1] if crossed else rates, strict=True)
        return [replace(self, work=self._with(service), month=self.month.at(rate)) for service, rate in pairs]

    def at(self, rate_rps: float) -> "CostModel":
        """The same at other traffic."""
        return replace(self, month=self.month.at(rate_rps))

    def _with(self, service_s: float) -> Work:
        return self.work.scaled(service_s / self.work.service_s) if self.work.service_s else self.work
