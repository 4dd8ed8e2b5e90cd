"""Price lists: those that ship hold what their sources say, and a bad one is told line by line."""

import pickle
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from data.errors import InvalidFile, InvalidValue, UnknownKind
from data.prices import keep_price_list, price_list, price_list_names, read_price_list
from data.prices.units import ROLES, UNITS

ROOT = Path(__file__).parents[3]
OWN = (ROOT / "docs" / "prices" / "own_servers.toml").read_text()
SHIPPED = ("aws-us-east-1", "azure-eastus", "gcp-us-central1")

# Every unit price, written down apart from the lists: a slip of the hand in one of them shows.
SAID = """\
aws-us-east-1,aws.lambda.x86.gb_s,GB-s,0.0000166667
aws-us-east-1,aws.lambda.arm.gb_s,GB-s,0.0000133334
aws-us-east-1,aws.lambda.requests,1e6 requests,0.20
aws-us-east-1,aws.lambda.pc.idle_gb_s,GB-s,0.0000041667
aws-us-east-1,aws.lambda.pc.duration_gb_s,GB-s,0.0000097222
aws-us-east-1,aws.apigw.http,1e6 requests,1.00
aws-us-east-1,aws.alb.hour,hour,0.0225
aws-us-east-1,aws.alb.lcu_hour,LCU-hour,0.008
aws-us-east-1,aws.fargate.x86.vcpu_hour,vCPU-hour,0.04048
aws-us-east-1,aws.fargate.x86.gb_hour,GB-hour,0.004445
aws-us-east-1,aws.ec2.t3.medium,hour,0.0416
aws-us-east-1,aws.ec2.m5.large,hour,0.096
aws-us-east-1,aws.ec2.m7i.large,hour,0.1008
aws-us-east-1,aws.ec2.c7i.large,hour,0.08925
aws-us-east-1,aws.eks.cluster,hour,0.10
aws-us-east-1,aws.nat.hour,hour,0.045
aws-us-east-1,aws.kinesis.shard_hour,hour,0.015
aws-us-east-1,aws.kinesis.put,1e6 units,0.014
aws-us-east-1,aws.msk.t3.small,hour,0.0456
aws-us-east-1,aws.sqs,1e6 requests,0.40
aws-us-east-1,aws.s3.gb_month,GB-month,0.023
aws-us-east-1,aws.egress.gb,GB,0.09
aws-us-east-1,aws.sagemaker.ml.t2.medium,hour,0.056
aws-us-east-1,aws.sagemaker.ml.m5.large,hour,0.115
aws-us-east-1,aws.sagemaker.ml.c5.xlarge,hour,0.204
aws-us-east-1,aws.sagemaker.serverless.gb_s,GB-s,0.00002
aws-us-east-1,aws.sagemaker.data.gb,GB,0.016
gcp-us-central1,gcp.run.vcpu_s,vCPU-s,0.000024
gcp-us-central1,gcp.run.gib_s,GiB-s,0.0000025
gcp-us-central1,gcp.run.requests,1e6 requests,0.40
azure-eastus,azure.functions.gb_s,GB-s,0.000016
azure-eastus,azure.functions.executions,1e6 executions,0.20
"""


@pytest.mark.parametrize("row", [line.split(",") for line in SAID.splitlines()], ids=lambda row: row[1])
def test_the_lists_hold_what_was_written_down_exactly(row: list[str]) -> None:
    name, id, unit, usd = row
    price = price_list(name).prices[id]
    assert (price.unit, price.usd) == (unit, Decimal(usd))


def test_no_price_is_missing_from_what_was_written_down() -> None:
    said = {line.split(",")[1] for line in SAID.splitlines()}
    assert said == {id for name in SHIPPED for id in price_list(name).prices}
    free = price_list("aws-us-east-1").allowances
    assert {role: allowance.quantity for role, allowance in free.items()} == {
        "function.requests": 1_000_000,
        "function.gb_s": 400_000,
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_every_entry_says_where_it_comes_from(name: str) -> None:
    found = price_list(name)
    assert found.entries
    for entry in found.entries:
        assert entry.source
        assert entry.confidence in ("high", "medium", "low")
        assert entry.age_months(date(2030, 1, 1)) > 12
    for price in found.prices.values():
        assert price.unit in UNITS
        assert not price.role or price.role in ROLES
        assert price.usd > 0
    assert pickle.loads(pickle.dumps(found)) == found


def test_the_age_counts_from_the_earliest_day_it_can_mean() -> None:
    price = price_list("aws-us-east-1").prices["aws.sagemaker.ml.t2.medium"]  # "2022"
    assert price.age_months(date(2022, 1, 1)) == 0
    assert round(price.age_months(date(2024, 1, 1))) == 24
    newest, oldest = price_list("aws-us-east-1").age_months(date(2026, 11, 1))
    assert newest < oldest
    assert round(oldest) == 58


def test_a_price_is_found_by_its_role_or_named() -> None:
    aws = price_list("aws-us-east-1")
    assert aws.price("function.requests").usd == Decimal("0.20")
    assert next(price.id for price in aws.with_role("instance.hour")) == "aws.ec2.t3.medium"
    assert aws.price("instance.hour", "aws.ec2.m5.large").vcpu == 2
    with pytest.raises(InvalidValue, match=r"has several prices .*name one of"):
        aws.price("instance.hour")
    with pytest.raises(InvalidValue, match=r"is not a price of aws-us-east-1 .*choose from: .*aws.ec2.m5.large"):
        aws.price("instance.hour", "aws.ec2.nothing")
    with pytest.raises(InvalidValue, match="has no price in azure-eastus"):
        price_list("azure-eastus").price("instance.hour")
    with pytest.raises(UnknownKind, match="aws-us-east-1"):
        price_list("mars")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("usd = 0.01", "usd = -0.01", "'-0.01' must be at least 0: give the price of one unit in US dollars"),
        ("usd = 0.01", 'usd = "cheap"', "'cheap' must be a number"),
        ("usd = 0.01", "usd = nan", "must be"),
        ("usd = 0.01", "usd = true", "must be a number"),
        ('unit = "GB-month"', 'unit = "barrel"', "'barrel' is not a unit that prices have: choose one of hour"),
        ('role = "egress.gb"', 'role = "ingress.gb"', "'ingress.gb' is not a part of a bill"),
        ('as_of = "2026-01"', 'as_of = "last year"', "must be a year, a month or a day"),
        ('confidence = "low"', 'confidence = "sure"', "must be one of"),
        ("life_years = 5", "life_years = 0", "must be above 0"),
        ("pue = 1.6", "pue = 0.5", "must be at least 1"),
        ("power_w = 180", "power_watt = 180", "is not a known key: perhaps you mean power_w"),
        ('id = "own.uplink.gb"', 'id = "own.server"', "is another entry's id too"),
        ('name = "own-servers"', "name = own", "is not TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_remedy(old: str, new: str, says: str) -> None:
    assert old in OWN
    with pytest.raises(InvalidFile) as caught:
        read_price_list(OWN.replace(old, new, 1), "mine.toml")
    line = OWN[: OWN.index(old)].count("\n") + 1
    problems = {problem.line: str(problem) for problem in caught.value.problems}
    assert line in problems, problems
    assert says in problems[line]
    assert "mine.toml" in str(caught.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    bad = OWN.replace("usd = 0.01", "usd = -1").replace("vcpu = 16", "vcpu = 0").replace('provider = "own"', "")
    with pytest.raises(InvalidFile) as caught:
        read_price_list(bad)
    assert [problem.column for problem in caught.value.problems] == ["provider", "vcpu", "usd"]
    with pytest.raises(InvalidFile, match="neither prices nor machines"):
        read_price_list('name = "empty"\nprovider = "x"\nregion = "y"\n')


def test_ones_own_list_is_kept_whole_or_not_at_all(home: Path) -> None:
    kept = keep_price_list(OWN)
    assert price_list("own-servers") == kept
    assert price_list_names() == (*SHIPPED, "own-servers")
    with pytest.raises(InvalidFile):
        keep_price_list(OWN.replace("usd = 0.01", "usd = -1"))
    assert price_list("own-servers") == kept
    keep_price_list(OWN.replace("usd = 0.01", "usd = 0.5"))
    assert price_list("own-servers").prices["own.uplink.gb"].usd == Decimal("0.5")
    with pytest.raises(InvalidValue, match="ships with Drydock"):
        keep_price_list(OWN.replace('name = "own-servers"', 'name = "aws-us-east-1"'))
    assert [path.name for path in (home / "prices").iterdir()] == ["own-servers.toml"]
