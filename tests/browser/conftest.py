"""One browser for all of these tests, one exchange and one service for each file of them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from tests.browser.page import CHROMIUM, DRIVER, Page, chromium
from tests.browser.running import Running, running

MISSING = "chromium and chromedriver are not here (Debian: apt-get install chromium chromium-driver)"


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser; where there is none the tests are skipped, but for CI, which has promised one."""
    if not (CHROMIUM and DRIVER):
        if os.environ.get("BROWSER") == "required":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def service(browser: webdriver.Chrome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The real service, on an exchange of its own."""
    del browser  # without one nothing needs to be started
    folder: Path = tmp_path_factory.mktemp("running")
    with running(folder) as both:
        yield both


@pytest.fixture
def page(browser: webdriver.Chrome, service: Running) -> Iterator[Page]:
    """A page, logged in. It is left before its service can end: an open one would go on asking, and complain."""
    page = Page(browser, service)
    page.leaves()
    page.enters()
    yield page
    page.leaves()
