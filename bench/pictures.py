"""Somebody of a crowd who puts up pictures, and somebody who looks at them."""

from __future__ import annotations

import io
import json
import random
import secrets
import threading
from typing import TYPE_CHECKING

from PIL import Image

from bench.visitor import OK

if TYPE_CHECKING:
    from bench.crowd import Crowd

CREATED = 201
PAUSE = 1.5


class Pictures(threading.Thread):
    """A guest each time, so that nobody has put up too many."""

    def __init__(self, crowd: Crowd) -> None:
        super().__init__(name="pictures", daemon=True)
        self.crowd = crowd
        self.kept: list[str] = []

    def run(self) -> None:
        """Until the crowd goes home."""
        number = 0
        while not self.crowd.halt.wait(PAUSE * random.uniform(0.5, 1.5)):
            visitor = self.crowd.visitor(number := number + 1)
            if number % 3 == 1:
                self._put_up(visitor)
            for address in random.sample(self.kept, min(2, len(self.kept))):
                visitor.cookies = {}
                visitor.get(address, "picture")
            visitor.close()

    def lost(self) -> list[str]:
        """What was said to be kept, and is not there any more."""
        visitor = self.crowd.visitor(0)
        gone = [each for each in self.kept if visitor.get(each, "picture").status != OK]
        visitor.close()
        return gone

    def _put_up(self, visitor: object) -> None:
        border, picture = secrets.token_hex(12), io.BytesIO()
        Image.frombytes("RGB", (24, 24), secrets.token_bytes(24 * 24 * 3)).save(picture, "PNG")
        head = (
            f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        )
        body = head.encode() + picture.getvalue() + f"\r\n--{border}--\r\n".encode()
        headers = {
            "Origin": self.crowd.address,
            "Sec-Fetch-Site": "same-origin",
            "Accept": "application/json",
            "Content-Type": f"multipart/form-data; boundary={border}",
        }
        came = visitor._ask("POST", "/media", "upload", (CREATED,), headers, body)  # type: ignore[attr-defined]  # noqa: SLF001
        if came.status == CREATED:
            self.kept.append(str(json.loads(came.text)["url"]))
