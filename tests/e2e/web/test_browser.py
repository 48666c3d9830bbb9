"""The screen in a real browser: Chromium without a window, steered by its own driver."""

from __future__ import annotations

import importlib.util
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.web.conftest import Serving

pytestmark = pytest.mark.browser
_PATIENCE_S = 90
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # tests run as root, too
    "--disable-dev-shm-usage",
    "--disable-3d-apis",  # the terminal is text then, and no picture
    "--window-size=1300,800",
)
_TEXT = "return [...document.querySelectorAll('.xterm-rows > div')].map(row => row.innerText).join('\\n')"


class Browser:
    """One window."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    @property
    def text(self) -> str:
        """What its terminal shows."""
        return str(self.driver.execute_script(_TEXT)).replace("\xa0", " ")

    def column(self, wanted: str) -> int:
        """Where something stands in its row."""
        return max((row.find(wanted) for row in self.text.splitlines()), default=-1)

    def press(self, *keys: str, held: str = "") -> None:
        """Press keys, perhaps while another is held."""
        from selenium.webdriver import ActionChains

        chain: Any = ActionChains(self.driver)
        chain = chain.key_down(held).send_keys(*keys).key_up(held) if held else chain.send_keys(*keys)
        chain.perform()

    def until(self, holds: Callable[[], object]) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not holds():
            assert time.monotonic() < end, self.text
            time.sleep(0.1)

    def shows(self, *wanted: str) -> None:
        self.until(lambda: all(each in self.text for each in wanted))


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A browser with a profile of its own, and with nothing to say about what it loaded."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if importlib.util.find_spec("selenium") is None or not program or not driver:
        pytest.skip("needs selenium and Chromium: apt-get install chromium chromium-driver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*_FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)  # pyright: ignore[reportUnknownMemberType]
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})  # pyright: ignore[reportUnknownMemberType]
    opened = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield Browser(opened)
    finally:
        opened.quit()


def test_typing_an_answer_the_palette_and_the_stack(browser: Browser, serving: Serving) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.driver.get(serving.url)
    browser.shows("Ask about the code")
    assert browser.driver.current_url == f"{serving.base}/", "the token is out of the address"
    browser.press("grep parse_header", Keys.ENTER)
    browser.shows("src/parser.py", "def parse_header(line):", "answered")
    browser.press("p", held=Keys.CONTROL)
    browser.press("search code")
    browser.shows("find code by what it does")
    browser.press(Keys.ESCAPE)
    browser.until(lambda: "find code by what it does" not in browser.text)
    browser.press("k", held=Keys.ALT)
    browser.shows("There is no stack in docker/lightweight")
    browser.press(Keys.ESCAPE)
    browser.shows("answered")
    wide = browser.column("F1 help")
    browser.driver.set_window_size(900, 600)
    browser.until(lambda: 0 < browser.column("F1 help") < wide)
    browser.press("q", held=Keys.CONTROL)
    body = "return document.body.innerText"
    browser.until(lambda: "The session has ended" in str(browser.driver.execute_script(body)))
    browser.press(Keys.ENTER)  # the button has the focus
    browser.shows("Ask about the code")
    asked = [each["message"] for each in browser.driver.get_log("performance")]
    sent = [each for each in asked if "Network.requestWillBeSent" in each and '"url":"http' in each]
    assert sent and all(f'"url":"{serving.base}' in each for each in sent), "nothing comes from elsewhere"
    grave = [each for each in browser.driver.get_log("browser") if each["level"] == "SEVERE"]
    assert not [each for each in grave if "Content Security Policy" in each["message"]], grave


def test_a_wrong_token_gets_nothing(browser: Browser, serving: Serving) -> None:
    for url in (f"{serving.base}/?token=wrong", serving.base, f"{serving.base}/static/js/textual.js"):
        browser.driver.get(url)
        assert "terminal" not in browser.driver.page_source and not browser.text.strip()
    assert not serving.family()
