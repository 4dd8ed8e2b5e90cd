"""How long a page takes to answer, and what it says of itself when no answer comes."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests.browser.steps import LONG_MS
from tests.browser.visiting import ROOT

STUCK = ROOT / "build" / "stuck"
"""Pictures of pages whose answer did not come."""
_PATIENCE_S = 90.0
_LISTEN = """(() => {
  const found = (window.answers = { sent: 0, heard: 0, log: [], sockets: [] });
  const note = (...what) => {
    found.log.push([Math.round(performance.now()), ...what]);
    if (found.log.length > 200) found.log.splice(0, 100);
  };
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (!this.listening) {
      this.listening = true;
      found.sockets.push(this);
      note("open");
      this.addEventListener("message", event => {
        found.heard = performance.now();
        note("heard", event.data.byteLength);
      });
      this.addEventListener("close", event => note("closed", event.code, event.reason));
    }
    found.sent = performance.now();
    note("sent", data.byteLength);
    return send.call(this, data);
  };
  for (const kind of ["keydown", "pointerdown", "focusin", "focusout"]) window.addEventListener(kind, event => {
    const at = event.target;
    note(kind, event.key ?? "", at.tagName, at.getAttribute?.("aria-label") ?? "", at.disabled ? "disabled" : "");
  }, { capture: true });
})()"""
# From the next key or click to the last change that follows from it: nothing comes or moves for a while after that.
_ARM = """() => {
  const found = Object.assign(window.answers, { began: 0, changed: 0 });
  const app = document.querySelector('[data-testid="stApp"]'), quiet_ms = 250;
  const begin = () => { found.began ||= performance.now(); };
  for (const kind of ["keydown", "pointerdown"]) window.addEventListener(kind, begin, { capture: true, once: true });
  const watch = new MutationObserver(() => { found.changed = performance.now(); });
  watch.observe(app, { attributes: true, childList: true, characterData: true, subtree: true });
  found.answered = new Promise(resolve => {
    const look = () => {
      const last = Math.max(found.heard, found.changed);
      const answered = found.began && found.sent >= found.began && found.heard > found.sent;
      const still = app.dataset.testScriptState === "notRunning" && performance.now() - last > quiet_ms;
      if (!answered || !still) return setTimeout(look, 20);
      watch.disconnect();
      resolve(last - found.began);
    };
    look();
  });
}"""
_ANSWERED = "() => window.answers.answered"
_SAYS = """() => ({
  now: performance.now(), hidden: document.hidden, focused: document.hasFocus(),
  ...(({ sent, heard, began, changed }) => ({ sent, heard, began, changed }))(window.answers),
  state: document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState,
  sockets: window.answers.sockets.map(one => one.readyState),
  active: document.activeElement?.outerHTML.slice(0, 200),
  status: document.querySelector('[data-testid="stStatusWidget"]')?.innerText,
  sliders: [...document.querySelectorAll('input[type="range"]')].map(
    one => [one.getAttribute("aria-label"), one.value, one.min, one.max, one.disabled, one.isConnected]),
  log: window.answers.log.slice(-80),
})"""


async def timed(page: Page, act: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds from a key or click, which `act` makes, until the page is at rest."""
    await page.evaluate(_ARM)
    await act()
    try:
        return float(await asyncio.wait_for(page.evaluate(_ANSWERED), _PATIENCE_S))
    except TimeoutError:
        raise AssertionError(f"no answer came within {_PATIENCE_S:.0f} s:\n{await said(page)}") from None


async def said(page: Page) -> str:
    """What a page that does not answer says of itself; a picture of it is kept."""
    STUCK.mkdir(parents=True, exist_ok=True)
    picture: Path = STUCK / f"{id(page):x}.png"
    try:
        found = await asyncio.wait_for(page.evaluate(_SAYS), 20)
        await page.screenshot(path=picture, timeout=20_000)
    except Exception as error:  # it may be as dead as it seems
        return f"{page.url}: {error}"
    log = found.pop("log")
    return f"{page.url}\n{json.dumps(found, indent=1)}\n" + "\n".join(map(str, log)) + f"\n{picture}"


async def open_page(browser: Browser, address: str, complaints: list[str]) -> Page:
    """A page of its own context, that listens to how long the server takes."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(LONG_MS)
    await context.add_init_script(_LISTEN)
    page = await context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(address)
    await rest(page)
    return page


async def rest(page: Page) -> None:
    """Until the page's script has run."""
    await page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    await expect(page.locator('[data-testid="stSkeleton"]')).to_have_count(0)
