"""Diagrams, the four-pattern table and the formats' chart without a browser."""

import csv
import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from dashboard.charts.sizes import sizes
from dashboard.comparing.patterns import as_csv
from dashboard.deploying.diagram import HEIGHT, WIDTH, svg
from dashboard.deploying.diagrams import DIAGRAMS
from dashboard.deploying.starting import strategies
from simulators.comparison.patterns import pattern_table
from simulators.comparison.patterns_claims import CLAIMS, PATTERNS

_SVG = "{http://www.w3.org/2000/svg}"


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_strategy_that_people_deploy_is_drawn() -> None:
    assert set(DIAGRAMS) == set(strategies())


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", DIAGRAMS)
def test_a_diagram_fits_can_be_read_and_tells_itself_in_words(name: str, theme: str) -> None:
    diagram = DIAGRAMS[name]
    drawn = ET.fromstring(svg(diagram, theme))
    page = {"light": "#ffffff", "dark": "#000000"}[theme]
    texts = drawn.findall(f".//{_SVG}text")
    said = [text.text for text in texts]
    for box in diagram.boxes.values():
        assert set(box.lines) <= set(said)
    assert len(drawn.findall(f".//{_SVG}rect")) == len(diagram.boxes)
    for text in texts:
        assert contrast(text.attrib["fill"], page) >= 4.5
        assert 0 <= float(text.attrib["x"]) <= WIDTH
        assert 0 <= float(text.attrib["y"]) <= HEIGHT
    for path in drawn.findall(f"./{_SVG}path"):
        assert contrast(path.attrib["stroke"], page) >= 3
    assert all(word in diagram.alt for word in ("request", "model"))
    assert {arrow.travels for arrow in diagram.arrows} >= {"request", "update"}


def test_each_kind_of_arrow_has_a_colour_a_dash_and_a_letter_of_its_own() -> None:
    drawn = ET.fromstring(svg(DIAGRAMS["streaming"], "light"))
    looks = {(p.attrib["stroke"], p.attrib.get("stroke-dasharray")) for p in drawn.findall(f"./{_SVG}path")}
    assert len(looks) == len({stroke for stroke, _ in looks}) == len({dash for _, dash in looks}) == 3


def test_the_table_travels_as_csv() -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(pattern_table((), {})))))
    assert len(lines) == len(CLAIMS) * len(PATTERNS)
    assert {line["basis"] for line in lines} == {"not run yet"}
    assert lines[0] == {
        "question": "Prediction", "pattern": "1 Embedded", "claimed": "On the fly", "basis": "not run yet",
        "found": "Add embedded to the candidates and press Run.",
    }  # fmt: skip


def test_formats_are_drawn_by_size_and_time_to_load() -> None:
    chart = sizes(["ONNX", "pickle"], [2048, 8192], [0.004, 0.1])
    assert [list(trace.x) + list(trace.y) for trace in chart.figure.data] == [[2.0, 4.0], [8.0, 100.0]]
    assert {note.text for note in chart.figure.layout.annotations} == {"ONNX", "pickle"}
    assert "ONNX 2.00 KiB, 4.00 ms" in chart.alt
    assert chart.table.loc["pickle", "time to load (ms)"] == 100
    assert len(sizes(["ONNX"], [2048], [0.004]).figure.data) == 1
