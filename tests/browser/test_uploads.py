"""A user's own rows and models: read, explained, stored or refused."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.steps import LONG_MS
from tests.browser.visiting import Server, Visitor, settled, violations

pytestmark = pytest.mark.browser


def test_own_rows_are_read_explained_and_stored(visitor: Visitor, server: Server, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    lines = [f"{rng.normal():.3f},{'red' if i % 3 else 'blue'},{'yes' if i % 2 else 'no'}" for i in range(200)]
    file = tmp_path / "My Wishes.csv"
    file.write_text("\n".join(["size,colour,wanted", *lines[:50], "huge,red,yes", *lines[50:]]) + "\n")
    page = visitor.open(f"{server.url}/train")
    page.get_by_text("Use your own data").click()
    page.locator('input[type="file"]').first.set_input_files(file)
    expect(page.get_by_text("201 rows, 3 columns")).to_be_visible()
    expect(page.get_by_text("line 52")).to_be_visible()
    expect(page.get_by_text("It will be learned as")).to_contain_text("binary")
    assert violations(page) == []
    page.get_by_role("button", name="Store as a dataset").click()
    expect(page.get_by_text("correct these lines, or have them left out", exact=False)).to_be_visible()
    page.get_by_text("Leave malformed rows out").click()
    page.get_by_role("button", name="Store as a dataset").click()
    settled(page)
    expect(page.get_by_role("combobox", name="Dataset")).to_have_value("my_wishes")
    assert "dataset=my_wishes" in page.url


def test_a_pickle_is_refused_unread_with_the_way_out(visitor: Visitor, server: Server, tmp_path: Path) -> None:
    mark = tmp_path / "executed"

    class Trap:
        def __reduce__(self):
            return Path.touch, (mark,)

    file = tmp_path / "model.pkl"
    file.write_bytes(pickle.dumps(Trap()))
    page = visitor.open(f"{server.url}/train?dataset=tumour")
    page.get_by_text("Use your own model").click()
    page.locator('input[type="file"]').last.set_input_files(file)
    page.get_by_role("button", name="Check and package it").click()
    refusal = page.get_by_text("Checking model.pkl failed")
    expect(refusal).to_be_visible(timeout=LONG_MS)
    expect(refusal).to_contain_text("so it was not loaded")
    expect(refusal).to_contain_text("ONNX")
    assert not mark.exists()
