"""Templates that were compiled once, for all processes and for the next start.

Compiling them was half of a cold page. They lie in the instance folder, which only we can write to,
each under a hash of its name and valid for exactly its text; a folder that cannot be written costs
time and nothing else.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import FileSystemBytecodeCache

if TYPE_CHECKING:
    from flask import Flask
    from jinja2.bccache import Bucket


class _Kept(FileSystemBytecodeCache):
    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


def init(app: Flask) -> None:
    """Keep what is compiled below INSTANCE_PATH."""
    folder = Path(app.config["INSTANCE_PATH"]) / "templates"
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    app.jinja_env.bytecode_cache = _Kept(str(folder))
