"""Publishing to a live deployment while requests go on."""

import dataclasses
from pathlib import Path

import pytest

from strategies.live import Refused
from strategies.packaging.package import ModelPackage
from strategies.survey.again import published_again
from tests.strategies.live.test_live import live, record


def test_a_published_version_answers_and_no_request_is_dropped(tumour_forest: ModelPackage, tmp_path: Path) -> None:
    newer = published_again(tumour_forest, tmp_path)
    with live(tumour_forest, "api") as (client, _):
        found = client.publish(str(newer.folder))
        assert client.status().version == newer.version
        assert client.predict(record(tumour_forest)[0]).version == newer.version
    assert found.version == newer.version
    assert found.sent > 20
    assert found.dropped == 0
    assert found.first_new_s > 0
    assert dataclasses.asdict(found) == found.to_dict()


def test_an_embedded_model_needs_a_deployment(tumour_forest: ModelPackage, tmp_path: Path) -> None:
    newer = published_again(tumour_forest, tmp_path)
    with live(tumour_forest, "embedded") as (client, _):
        with pytest.raises(Refused, match="only with its next release"):
            client.publish(str(newer.folder))
        assert client.status().version == tumour_forest.version
