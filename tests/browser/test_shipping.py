"""The files to ship a model, on the page: written on request, looked at, and taken home as a zip."""

import io
import re
import zipfile

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from tests.browser.steps import LONG_MS, choose
from tests.browser.visiting import Server, Visitor, overflow_px, settled, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


def written(page: Page) -> None:
    page.get_by_role("button", name="Write the files").click()
    expect(page.get_by_role("button", name="All files (zip)")).to_be_visible(timeout=LONG_MS)
    settled(page)


def taken_home(page: Page) -> dict[str, bytes]:
    with page.expect_download() as caught:
        page.get_by_role("button", name="All files (zip)").click()
    with zipfile.ZipFile(io.BytesIO(caught.value.path().read_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_files_are_looked_at_and_taken_home(stocked: Server, visitor: Visitor) -> None:
    page = visitor.open(f"{stocked.url}/deploy")
    written(page)
    page.get_by_text("Kubernetes manifests", exact=True).click()
    shown = page.get_by_text("kind: Deployment")
    expect(shown).to_be_visible()
    files = taken_home(page)
    deployment = yaml.safe_load(files["kubernetes/deployment.yaml"])
    assert deployment["kind"] == "Deployment"
    assert deployment["spec"]["replicas"] == 2
    expected = {
        "Dockerfile", "compose.yaml", "rollouts/rollout.yaml", "sam/template.yaml", "sagemaker/create-model.json",
        ".github/workflows/release.yml", "files/model/manifest.json", "README.md",
    }  # fmt: skip
    assert expected <= files.keys()
    page.get_by_role("spinbutton", name="Replicas").fill("5")
    page.keyboard.press("Enter")
    expect(page.get_by_text("replicas: 5").first).to_be_visible(timeout=LONG_MS)
    page.get_by_role("textbox", name="Registry for images").fill("not a registry")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("is no address of a registry"))).to_be_visible(timeout=LONG_MS)
    page.get_by_role("textbox", name="Registry for images").fill("registry.example.org/team")
    page.keyboard.press("Enter")
    choose(page, "Deployed as", "Streaming")
    expect(page.get_by_text("NATS streams", exact=True)).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_text(re.compile("left out here.*AWS SAM template"))).to_be_visible()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 320)])
def test_the_section_can_be_read_by_everybody(stocked: Server, chromium: Browser, theme: str, width: int) -> None:
    person = Visitor(chromium, theme=theme, width=width)
    page = person.open(f"{stocked.url}/deploy#ship")
    written(page)
    page.get_by_text("Container image", exact=True).click()
    expect(page.get_by_text("FROM python:3.11-slim")).to_be_visible()
    settled(page)
    assert violations(page) == []
    assert overflow_px(page) == 0
    person.leave()
