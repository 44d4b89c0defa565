"""Take the pictures of the page: every view, wide and on a phone, in light and in dark.

    python -m tools.pictures

A real service trades on paper for half a minute first, so that there is something to see. pngquant makes them small
where it is there.
"""

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.browser.page import PHONE, WIDE, Page, chromium
from tests.browser.running import BTC, Running, eventually, running

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
VIEWS = {
    "overview": "/",
    "strategies": "/strategies",
    "strategy": "/strategies/fast",
    "trades": "/trades",
    "orders": "/orders",
    "events": "/events",
    "reconcile": "/reconcile",
    "settings": "/settings",
}
HEIGHT_MAX = 2_600
TRADES = 11
SETTLED_S = 3.0
AWAY_MAX = 0.011  # how far the price may be led away; past it a trade is lost on the way back

# Chromium takes Inter for the letters of the system, if it is installed.
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<match target="pattern">
<test name="family" compare="not_eq" qual="all"><string>ui-monospace</string></test>
<test name="family" compare="not_eq" qual="all"><string>SFMono-Regular</string></test>
<test name="family" compare="not_eq" qual="all"><string>Menlo</string></test>
<test name="family" compare="not_eq" qual="all"><string>Consolas</string></test>
<test name="family" compare="not_eq" qual="all"><string>monospace</string></test>
<edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match></fontconfig>
"""

# A traceback names the folder of whoever takes the pictures; that belongs into no picture.
NO_FOLDER = """
for (const each of document.querySelectorAll('pre')) each.textContent = each.textContent.replaceAll(arguments[0], '');
"""


def main() -> None:
    """Trade, look, and keep what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="names of views, with commas between them")
    wanted = parser.parse_args().only.split(",")
    FOLDER.mkdir(exist_ok=True)
    began = time.time()
    with tempfile.TemporaryDirectory(prefix="pictures-") as name:
        folder = Path(name)
        (folder / "fonts.conf").write_text(FONTS, encoding="utf-8")
        os.environ["FONTCONFIG_FILE"] = str(folder / "fonts.conf")
        with running(folder, seed=11) as service, chromium(folder / "profile") as driver:
            _trades(service)
            page = Page(driver, service)
            page.enters()
            closed = service.get("trades?status=closed")["items"][0]["id"]
            views = {**VIEWS, "trade": f"/trades/{closed}"}
            _take(page, {key: path for key, path in views.items() if wanted == [""] or key in wanted})
            service.post("strategies/stumble/start")
            eventually(lambda: service.state("stumble") == "ERROR", "it fell")
            if wanted == [""] or "error" in wanted:
                _take(page, {"error": "/strategies/stumble"})
            if wanted == [""] or "trouble" in wanted:
                service.admin("disconnect")
                page.opens("/")
                page.sees("Connection lost", "top")
                _take(page, {"trouble": "/"})
            if wanted == [""] or "issues" in wanted:
                _settles_and_leaves(service)
                _take(page, {"issues": "/issues"})
            if wanted == [""] or "missing" in wanted:
                _take(page, {"missing": "/no-such-page"})
            page.driver.delete_all_cookies()
            if wanted == [""] or "login" in wanted:
                _take(page, {"login": "/login"})
    _shrink(began)


def _trades(service: Running) -> None:
    """A few trades won and lost, and one open. The price goes back and forth, as prices do."""
    service.post("strategies/fast/start")
    begun = service.mark()
    for _ in range(TRADES):
        position = eventually(lambda: _protected(service), "a position under stop and target")
        (target,), (stop,) = position["targets"], position["stops"]
        time.sleep(1.0)
        goal = float(target["price"])
        if abs(goal - begun) > begun * AWAY_MAX:
            goal = float(stop["trigger_price"])
        service.price_is(
            goal + (goal - float(position["average_price"])) * 0.03
        )  # hardly beyond: no more is lost than was risked
        eventually(lambda: not service.get("positions")["items"], "flat")
        service.admin("price", instrument_name=BTC, price=round(goal), hold=False)
    position = eventually(lambda: _protected(service), "the last one")
    # It stands still on its way, so that all that tells of it says the same.
    entry, target = (float(price) for price in (position["average_price"], position["targets"][0]["price"]))
    service.price_is(entry + (target - entry) * 0.4)
    time.sleep(SETTLED_S)


def _settles_and_leaves(service: Running) -> None:
    """A person trades beside the service, twice: once it was settled, once it waits for an answer."""
    service.post("broker/reconnect", {"resume": True})
    for is_settled in (True, False):
        eventually(lambda: service.status().get("reconciled"), "reconciled")
        position = eventually(lambda: _protected(service), "a position under stop and target")
        service.hand(position["side"], int(float(position["amount"])) // 20 * 10)
        service.post("reconcile")
        (issue,) = eventually(lambda: service.get("issues")["items"], "what only a person can explain")
        if is_settled:
            service.post(f"issues/{issue['id']}/resolve", {"choice": "ignore"})
            eventually(lambda: not service.get("issues")["items"], "settled")


def _protected(service: Running) -> dict[str, Any] | None:
    found = [row for row in service.get("positions")["items"] if row["stops"] and row["targets"]]
    return found[0] if found else None


def _take(page: Page, views: dict[str, str]) -> None:
    for size, width in ((WIDE, "wide"), (PHONE, "phone")):
        for dark in (False, True):
            for name, path in views.items():
                page.looks(size, dark=dark)
                page.opens(path)
                time.sleep(0.4)
                page.script(NO_FOLDER, f"{FOLDER.parents[1]}/")
                tall = int(page.script("return document.querySelector('body').scrollHeight"))
                page.looks((size[0], min(HEIGHT_MAX, max(size[1], tall))), dark=dark)
                time.sleep(0.2)
                page.driver.save_screenshot(str(FOLDER / f"{name}-{width}-{'dark' if dark else 'light'}.png"))


def _shrink(since: float) -> None:
    """Make the new ones small; one that was made small before would change and be no better for it."""
    pngquant = shutil.which("pngquant")
    paths = sorted(FOLDER.glob("*.png"))
    taken = [path for path in paths if path.stat().st_mtime >= since]
    if pngquant is not None and taken:
        subprocess.run([pngquant, "--force", "--ext", ".png", "--speed", "1", "64", *map(str, taken)], check=True)
    total = sum(path.stat().st_size for path in paths)
    print(f"pictures: {len(paths)} in {FOLDER.name}, {total / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
