"""Bills to the cent: published and worked ones, and random ones, all recomputed from the unit prices."""

import random
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest

from data.errors import InvalidValue
from data.prices import price_list, read_price_list
from simulators.cost import Used, bill
from simulators.cost.meters import endpoint, functions, own_machines, provisioned, tasks
from simulators.cost.meters.functions import billed_mb, billed_ms, mean_billed_ms
from simulators.cost.money import cents, number

AWS, GCP, AZURE = (price_list(name) for name in ("aws-us-east-1", "gcp-us-central1", "azure-eastus"))
D = Decimal


# -- worked bills ----------------------------------------------------------------------------------------------------

# In the style of the examples on the providers' pricing pages, recomputed here from the unit prices; the first two are
# published bills.


def test_lambda_three_million_requests_with_the_free_tier() -> None:
    # AWS Lambda's pricing page: 3 million requests of 1 s at 512 MB. It says 18.74, as it rounds each part's rate; at
    # the exact rate it is (1,500,000 - 400,000) GB-s x 0.0000166667 + 2 million x 0.20 = 18.33 + 0.40 = 18.73.
    asked = D(3_000_000)
    found = bill(functions(AWS, requests=asked, ms=D(1_000), memory_mb=512), AWS, requests=asked, free_tier=True)
    assert found.usd == D("18.73") == by_hand((1_500_000 - 400_000) * Fraction("0.0000166667"), 2 * Fraction("0.20"))
    assert [str(cents(line.usd)) for line in found.lines] == ["18.33", "0.40"]
    assert "1,500,000 GB-s − 400,000 free" in found.lines[0].arithmetic
    without = bill(functions(AWS, requests=asked, ms=D(1_000), memory_mb=512), AWS, requests=asked)
    assert without.usd == D("25.60") == by_hand(1_500_000 * Fraction("0.0000166667"), 3 * Fraction("0.20"))


def test_a_published_comparison_of_a_forest_on_lambda_and_sagemaker() -> None:
    # 10,000 requests a day, 200 ms at 512 MB. Lambda's 0.57 is a month of 730 hours, SageMaker's 40.32 one of 720.
    asked = D(10_000) * 730 / 24
    found = bill(functions(AWS, requests=asked, ms=D(200), memory_mb=512), AWS, requests=asked)
    monthly = Fraction(10_000 * 730, 24)
    gb_s = monthly * Fraction("0.2") / 2
    assert found.usd == D("0.57")
    assert found.usd == by_hand(gb_s * Fraction("0.0000166667"), monthly * Fraction("0.20") / 10**6)
    hosted = endpoint(D(1), D(720), D(0), "aws.sagemaker.ml.t2.medium")
    assert bill(hosted, AWS, requests=asked, hours=D(720)).usd == D("40.32") == by_hand(720 * Fraction("0.056"))
    whole = bill(endpoint(D(1), D(730), D(0), "aws.sagemaker.ml.t2.medium"), AWS, requests=asked)
    assert whole.usd == D("40.88") == by_hand(730 * Fraction("0.056"))


def test_tasks_that_run_a_while_every_day() -> None:
    # Five tasks of 1 vCPU and 2 GB, ten minutes each, every day of 30: 5 x 600 s x 30 / 3,600 = 25 hours.
    hours = D(5) * 600 * 30 / 3_600
    used = [Used("task.vcpu_hour", hours), Used("task.gb_hour", hours * 2)]
    found = bill(used, AWS, requests=D(1))
    assert hours == 25
    assert found.usd == D("1.23") == by_hand(25 * Fraction("0.04048"), 25 * 2 * Fraction("0.004445"))
    assert [str(cents(line.usd)) for line in found.lines] == ["1.01", "0.22"]


def test_instances_kept_ready_for_two_hours_a_day() -> None:
    # 100 instances of 1 GB for 2 hours on each of 31 days: 100 x 62 h x 3,600 s = 22,320,000 GB-s.
    used = provisioned(instances=D(100), memory_mb=1_024, hours=D(62), requests=D(0), ms=D(0))
    found = bill(used, AWS, requests=D(1))
    assert "22,320,000 GB-s" in found.lines[0].arithmetic
    assert found.usd == D("93.00") == by_hand(100 * 62 * 3_600 * Fraction("0.0000041667"))


def test_shards_of_a_stream_and_what_is_put_into_them() -> None:
    # 4 shards for 31 days, and 200 records of one payload unit a second for as long: 535,680,000 units.
    units = 200 * 31 * 86_400
    used = [Used("stream.shard_hour", D(4 * 24 * 31)), Used("stream.put_units", D(units))]
    found = bill(used, AWS, requests=D(1))
    assert units == 535_680_000
    assert found.usd == D("52.14") == by_hand(4 * 744 * Fraction("0.015"), units * Fraction("0.014") / 10**6)


def test_a_load_balancer_of_one_and_a_bit_capacity_units() -> None:
    # 27 new connections a second are 27 / 25 = 1.08 capacity units, all month of 30 days.
    used = [Used("balancer.hour", D(720)), Used("balancer.capacity_hour", D(27) / 25 * 720)]
    found = bill(used, AWS, requests=D(1), hours=D(720))
    assert found.usd == D("22.42") == by_hand(720 * Fraction("0.0225"), Fraction(27, 25) * 720 * Fraction("0.008"))


def by_hand(*amounts: Fraction) -> Decimal:
    """The sum of exact amounts in US dollars, to the cent, halves up."""
    whole, part = divmod(sum(amounts, Fraction(0)) * 100, 1)
    return D(int(whole) + (2 * part >= 1)).scaleb(-2)


def test_initialisation_is_billed_with_the_request_that_waited() -> None:
    used = functions(AWS, requests=D(1_000_000), ms=D(100), memory_mb=1_024, cold_starts=D(2_000), init_ms=D(900))
    found = bill(used, AWS, requests=D(1_000_000))
    assert found.lines[0].usd == (D(100_000) + D(1_800)) * D("0.0000166667")
    assert "2,000 cold starts × 900 ms" in found.lines[0].arithmetic


# -- rounding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prices", "ms", "billed"),
    [(AWS, 0.2, 1), (AWS, 100.0, 100), (AWS, 100.1, 101), (AZURE, 3.0, 100), (AZURE, 100.2, 101), (GCP, 3.0, 100),
     (GCP, 100.0, 100), (GCP, 100.1, 200)],
)  # fmt: skip
def test_durations_are_rounded_as_each_provider_does(prices, ms: float, billed: int) -> None:
    role = "function.gb_s" if prices.has("function.gb_s") else "function.vcpu_s"
    assert billed_ms(ms, prices.price(role)) == billed
    assert mean_billed_ms([ms, ms], prices.price(role)) == billed


def test_each_duration_is_rounded_before_they_are_averaged() -> None:
    price = AWS.price("function.gb_s")
    assert mean_billed_ms([0.1, 0.1, 2.2], price) == D(repr((1 + 1 + 3) / 3))
    assert billed_mb(200, AZURE.price("function.gb_s")) == 256


def test_halves_of_a_cent_are_rounded_up_and_only_at_the_end() -> None:
    assert [str(cents(D(text))) for text in ("0.005", "0.0049", "2.675", "1.115")] == ["0.01", "0.00", "2.68", "1.12"]
    used = [Used("instance.hour", D("0.1"), id=id) for id in ("aws.ec2.t3.medium", "aws.ec2.m5.large")]
    found = bill(used, AWS, requests=D(1))  # 0.00416 + 0.0096 = 0.01376
    assert [str(cents(line.usd)) for line in found.lines] == ["0.00", "0.01"]
    assert found.usd == D("0.01")
    assert number(D("1234567.891")) == "1,234,567.89"


# -- an independent oracle -------------------------------------------------------------------------------------------

# Unit prices in exact fractions, written down by hand, apart from the lists.
RATE = {
    "instance.hour": Fraction(96, 1_000), "function.gb_s": Fraction(166_667, 10**10),
    "function.requests": Fraction(2, 10) / 10**6, "gateway.requests": Fraction(1) / 10**6,
    "balancer.hour": Fraction(225, 10**4), "balancer.capacity_hour": Fraction(8, 10**3),
    "task.vcpu_hour": Fraction(4_048, 10**5), "task.gb_hour": Fraction(4_445, 10**6),
    "orchestrator.hour": Fraction(1, 10), "broker.hour": Fraction(456, 10**4), "storage.gb_month": Fraction(23, 10**3),
    "egress.gb": Fraction(9, 100), "endpoint.hour": Fraction(115, 10**3), "endpoint.gb_s": Fraction(2, 10**5),
    "endpoint.data_gb": Fraction(16, 10**3), "nat.hour": Fraction(45, 10**3), "queue.requests": Fraction(4, 10) / 10**6,
}  # fmt: skip
NAMED = {"instance.hour": "aws.ec2.m5.large", "endpoint.hour": "aws.sagemaker.ml.m5.large"}
FREE = {"function.gb_s": 400_000, "function.requests": 1_000_000}


@pytest.mark.parametrize("seed", range(30))
def test_random_usages_agree_with_the_unit_prices(seed: int) -> None:
    rng = random.Random(seed)
    roles = rng.sample(sorted(RATE), rng.randint(3, len(RATE)))
    amounts = {role: Fraction(rng.randint(0, 10 ** rng.randint(1, 11)), 10 ** rng.randint(0, 4)) for role in roles}
    free, staff, usd_per_hour = rng.random() < 0.5, rng.randint(0, 40), Fraction(rng.randint(0, 20_000), 100)
    due = sum(
        (max(amount - (FREE.get(role, 0) if free else 0), 0) * RATE[role] for role, amount in amounts.items()),
        Fraction(0),
    )
    due += staff * usd_per_hour

    def exact(value: Fraction) -> Decimal:  # amounts have finite decimals by construction
        return D(value.numerator) / D(value.denominator)

    used = [Used(role, exact(amount), id=NAMED.get(role, "")) for role, amount in amounts.items()]
    found = bill(
        [*used, Used("staff.hour", D(staff))], AWS, requests=D(1_000), free_tier=free, staff_usd=exact(usd_per_hour)
    )
    assert found.usd == by_hand(due)
    assert found.usd_per(1_000_000) == found.exact_usd * 1_000


# -- machines of one's own -------------------------------------------------------------------------------------------

OWN = """
name = "own"
provider = "own"
region = "here"
[[machines]]
id = "server"
item = "Server"
vcpu = 8
memory_gib = 32
purchase_usd = 3600
life_years = 5
power_w = 200
usd_per_kwh = 0.30
pue = 1.5
staff_hours_per_month = 2
as_of = "2026"
confidence = "low"
source = "an invoice"
"""


def test_a_machine_of_ones_own_is_written_off_powered_and_looked_after() -> None:
    prices = read_price_list(OWN)
    found = bill(own_machines(D(2), D(730), "server"), prices, requests=D(1), staff_usd=D(50))
    # 2 × 3,600 / 60 months; 200 W × 1.5 × 1,460 h = 438 kWh × 0.30; 2 × 2 h × 50.
    assert [line.usd for line in found.lines] == [D(120), D("131.4"), D(200)]
    assert found.usd == D("451.40")
    assert "438 kWh × 0.3 USD per kWh = 131.40 USD" in found.lines[1].arithmetic
    with pytest.raises(InvalidValue, match="choose from: server"):
        bill(own_machines(D(1), D(730), "laptop"), prices, requests=D(1))


def test_a_list_without_the_price_says_so() -> None:
    with pytest.raises(InvalidValue, match=r"has no price in gcp-us-central1 .*choose another list"):
        bill(tasks(D(1), D(730), D(1), D(2)), GCP, requests=D(1))
    with pytest.raises(InvalidValue, match="at least one request"):
        bill([], GCP, requests=D(0)).usd_per(1_000)


def test_cloud_run_bills_processors_and_memory_apart() -> None:
    used = functions(GCP, requests=D(1_000_000), ms=D(100), memory_mb=512, vcpu=D(1))
    found = bill(used, GCP, requests=D(1_000_000))
    # 100,000 s × 0.000024 + 100,000 s × 0.5 GiB × 0.0000025 + 0.40
    assert found.exact_usd == D("2.4") + D("0.125") + D("0.4")


def test_beyond_the_first_tier_the_bill_says_that_it_is_too_high() -> None:
    found = bill([Used("egress.gb", D(20_000))], AWS, requests=D(1))
    assert "first 10,240 GB a month" in found.notes[0]
    assert found.usd == D("1800.00").quantize(D("0.01"), ROUND_HALF_UP)
