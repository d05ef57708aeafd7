"""The browser the tests drive: found, installed when missing, or said plainly.

`python -m tests.browsers` prints the path of one, after installing it if it must and can.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ADVICE = (
    "No browser for the tests. Install Chromium (`apt-get install chromium`, or "
    "`.venv/bin/python -m playwright install --with-deps chromium`), or name one: OTKLIK_BROWSER=…"
)
ARGUMENTS = ("--no-sandbox", "--disable-background-networking")


def find() -> str | None:
    """What OTKLIK_BROWSER names, else the system's Chromium or Chrome, else Playwright's own."""
    named = os.environ.get("OTKLIK_BROWSER")
    if named:
        return shutil.which(named)
    for name in NAMES:
        if (path := shutil.which(name)) is not None:
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def install() -> None:
    """Try the system's packages where we may, else Playwright's download."""
    if os.geteuid() == 0 and shutil.which("apt-get") is not None:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        commands = [
            ["apt-get", "update", "-q"],
            ["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"],
        ]
        # Words go to stderr: stdout is for the path alone.
        if all(_succeeds(command, quiet) for command in commands):
            return
    _succeeds([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))


def _succeeds(command: list[str], environment: dict[str, str]) -> bool:
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False
    )
    return done.returncode == 0


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The browser's path; without one the test is skipped, and on a build machine it fails."""
    path = find()
    if path is None and os.environ.get("CI"):
        pytest.fail(ADVICE)
    if path is None:
        pytest.skip(ADVICE)
    return path


def main() -> int:
    path = find()
    if path is None and not os.environ.get("OTKLIK_BROWSER"):
        install()
        path = find()
    if path is None:
        sys.stderr.write(ADVICE + "\n")
        return 1
    sys.stdout.write(path + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
