"""The page as a person uses it: looks, presses, waits for what must appear. Every wait is for a fact."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import ElementClickInterceptedException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.browser.running import OPERATE, Running, eventually

CHROMIUM, DRIVER = which("chromium"), which("chromedriver")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--hide-scrollbars", "--no-first-run", "--lang=en",
)  # fmt: skip
WIDE, PHONE = (1280, 900), (360, 740)
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


@contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """Start a browser with a profile of its own; end it."""
    assert CHROMIUM is not None
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """One page, open on one service."""

    def __init__(self, driver: webdriver.Chrome, service: Running) -> None:
        self.driver, self.service = driver, service
        self.looks()

    # --- coming and going

    def enters(self, key: str = OPERATE) -> None:
        """Come in by the link that the first start prints, as somebody who was never here."""
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})  # of every address, not the shown page's alone
        self.driver.get(f"{self.service.url}/?token={key}")

    def leaves(self) -> None:
        """Show nothing, and forget what was complained of so far."""
        self.driver.get("about:blank")
        self.driver.get_log("browser")  # type: ignore[no-untyped-call]

    def opens(self, path: str) -> None:
        """Go to a view, and remember that it was not loaded again since."""
        self.driver.get(self.service.url + path)
        self.script("window.stillHere = true")

    @property
    def is_still_here(self) -> bool:
        """Whether the page was not loaded again."""
        return bool(self.script("return window.stillHere === true"))

    def looks(self, size: tuple[int, int] = WIDE, *, dark: bool = False, scale: int = 1) -> None:
        """Be of a size, in light or dark."""
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < WIDE[0] // 2}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def script(self, text: str, *given: Any) -> Any:
        """Run something in the page that no person could."""
        return self.driver.execute_script(text, *given)

    # --- seeing

    def region(self, name: str) -> str:
        """The text of a region; nothing while it is not there."""
        return str(
            self.script("const it = document.getElementById(arguments[0]); return it ? it.innerText : ''", f"r-{name}")
        )

    def sees(self, text: str, region: str = "", deadline_s: float = 15.0) -> None:
        """Wait until a text is there."""
        eventually(lambda: text in self._text(region), f"{text!r} in {region or 'the page'}", deadline_s)

    def sees_no(self, text: str, region: str = "", deadline_s: float = 15.0) -> None:
        """Wait until a text is gone."""
        eventually(lambda: text not in self._text(region), f"no {text!r} in {region or 'the page'}", deadline_s)

    def _text(self, region: str) -> str:
        return self.region(region) if region else str(self.script("return document.body.innerText"))

    def state(self, name: str) -> str:
        """Where a strategy is, as the page shows it."""
        selector = f'[data-strategy="{name}"]'
        return str(self.script("return document.querySelector(arguments[0])?.dataset.state", selector))

    def favicon(self) -> str:
        """The sign in the tab: good, warn, bad or stale."""
        address = str(self.script("return document.getElementById('favicon').getAttribute('href')"))
        return address.split("state-")[1].split(".", maxsplit=1)[0]

    def complaints(self) -> list[str]:
        """What the browser had to say against the page: script errors, and what the policy refused.

        Each begins with the address it is about. That of another service is of a page that was left behind: the
        browser may tell of it late.
        """
        told = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]  # type: ignore[no-untyped-call]
        ours = f"{self.service.url}/"
        return [each for each in told if each.startswith(ours) or not each.startswith(("http://", "https://"))]

    # --- pressing

    def find(self, selector: str) -> WebElement:
        """Wait for something that can be seen."""
        return eventually(lambda: self._visible(selector), selector)  # type: ignore[no-any-return]

    def _visible(self, selector: str) -> WebElement | None:
        try:
            found = [each for each in self.driver.find_elements(By.CSS_SELECTOR, selector) if each.is_displayed()]
        except StaleElementReferenceException:
            return None
        return found[0] if found else None

    def clicks(self, selector: str) -> None:
        """Press something. A region may be drawn anew, or be moved by another, between the look and the press.

        What stays covered is never pressed, and fails.
        """

        def press() -> bool:
            try:
                self.find(selector).click()
            except (StaleElementReferenceException, ElementClickInterceptedException):
                return False
            return True

        eventually(press, f"press {selector}")

    def presses(self, command: str, *, region: str = "", choice: str = "", confirm: bool = True, word: str = "") -> str:
        """Press a command's button, and take the second step; give the sentence it asked with."""
        inside = f"#r-{region} " if region else ""
        body = f'[data-body*="{choice}"]' if choice else ""
        self.clicks(f'{inside}[data-command="{command}"]{body}:not(:disabled)')
        time.sleep(0.02)
        if not self.script("return document.getElementById('confirm').open"):
            return ""
        sentence = self.find("#confirm-say").text
        if word:
            self.find("#confirm-word input").send_keys(word)
        self.clicks("#confirm-yes" if confirm else '#confirm button[value="no"]')
        return sentence
