"""How old a page from the cache gets: written on one machine, read anonymously on all of them."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from bench.crowd import WORDS, new_marker
from bench.stage import WEB_PORT
from bench.visitor import OK, SEE_OTHER, Visitor

if TYPE_CHECKING:
    from types import TracebackType

    from bench.stage import Stage

# People of bench/bank.py whom the crowd does not use, and what they write under.
TOPIC = 1500
PAUSE, PATIENCE, APART, ROW = 0.04, 20.0, 1.5, 6


@dataclass
class Watched:
    """A word that was written; `written_at`: when its author was told so."""

    marker: str
    written_at: float = float("inf")


class Oldness:
    """Writes now and then while the block lasts, and reads until everybody sees it."""

    # One browser for the whole evening.
    cookies: ClassVar[dict[str, str]] = {}
    email, password = "p63@bench.example", "a crowd of their own"

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.halt = threading.Event()
        self.found: dict[str, list[float]] = {}
        self.failed: list[str] = []
        self.thread = threading.Thread(target=self._go_on, name="oldness", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self.thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """End, after the measurement that is under way."""
        self.halt.set()
        self.thread.join(PATIENCE * 3)

    def oldest(self) -> dict[str, float]:
        """By machine: after so many seconds nobody got the page without it any more."""
        return {name: max(ages) for name, ages in self.found.items()}

    def visitor(self, name: str) -> Visitor:
        """A browser that asks this machine, past nginx."""
        at = f"http://{self.stage[name].address}:{WEB_PORT}"
        return Visitor(at, lambda _: None, self.stage.address, timeout=5)

    def _go_on(self) -> None:
        writers = {name: self.visitor(name) for name in ("web1", "web2")}
        cookies = self.cookies
        while not self.halt.is_set():
            for writer in writers.values():
                if not cookies:
                    cookies.update(self._sign_in(writer))
                writer.cookies = dict(cookies)
                if cookies:
                    self._measure(writer, list(writers))
                if self.halt.wait(APART):
                    break
        for writer in writers.values():
            writer.close()

    def _measure(self, writer: Visitor, machines: list[str]) -> None:
        path = f"/topics/{TOPIC}"
        page = writer.get(path, "")
        form = page.form(f"{path}/comments") if page.status == OK else None
        # Nobody types forty letters in less.
        if form is None or self.halt.wait(3.2):
            return
        watched = Watched(new_marker())
        watchers = [threading.Thread(target=self._watch, args=(each, watched)) for each in machines]
        for each in watchers:
            each.start()
        time.sleep(PAUSE * 5)
        words = " ".join(random.choices(WORDS, k=9))
        fields = form.fields | {"body": f"{words.capitalize()} {watched.marker}."}
        came = writer.post(f"{path}/comments", "", fields)
        is_written = came.status == SEE_OTHER
        watched.written_at = time.monotonic() if is_written else float("-inf")
        if not is_written:
            self.failed.append(came.trouble or str(came.status))
        for each in watchers:
            each.join()

    def _sign_in(self, writer: Visitor) -> dict[str, str]:
        form = writer.get("/sign-in", "").form("/sign-in")
        fields = {**(form.fields if form else {}), "email": self.email, "password": self.password}
        came = writer.post("/sign-in", "", fields)
        if came.status != SEE_OTHER:
            self.failed.append(f"sign-in: {came.trouble or came.status}")
            return {}
        return dict(writer.cookies)

    def _watch(self, name: str, watched: Watched) -> None:
        """Until many pages in a row show it: each web process has a cache of its own."""
        reader, last_without, row = self.visitor(name), 0.0, 0
        while row < ROW and time.monotonic() < watched.written_at + PATIENCE:
            asked_at = time.monotonic()
            page = reader.get(f"/topics/{TOPIC}", "")
            if page.status != OK:
                break
            if watched.marker in page.text:
                row += 1
            else:
                row, last_without = 0, asked_at
            # Another connection, and perhaps another process.
            reader.close()
            time.sleep(PAUSE)
        reader.close()
        if row:
            age = max(0.0, last_without - watched.written_at)
            self.found.setdefault(name, []).append(age)
