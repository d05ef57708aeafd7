"""Every test of the search pages begins without an index."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from app.search import shelf as shelves

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask


@pytest.fixture
def shelf(app: Flask, tmp_path: Path) -> Iterator[Path]:
    """The folder of this test's own index; there is none in it yet."""
    shelves.init({"INDEX_PATH": tmp_path / "index", "SEARCH_ENGINE": shelves.engine()})
    yield tmp_path / "index"
    shelves.init(app.config)
    gc.collect()  # what Whoosh leaves open of a harmed index is this test's, not the next one's
