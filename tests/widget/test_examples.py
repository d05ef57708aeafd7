"""The examples in docs/widget-identity.md, run as they stand there: what they sign is taken."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.core import addresses
from app.core.db import db
from app.widget import tokens
from tests.widget.signing import Secret, site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.builders import Builders

TEXT = Path(__file__).parents[2] / "docs" / "widget-identity.md"
AROUND = {
    "python": """
import sys, types
SECRET = sys.argv[1]
{}
print(token_for(types.SimpleNamespace(id="customer-7", first_name="Анна")))
""",
    "php": """<?php
{}
echo token_for((object) ['id' => 'customer-7'], $argv[1]);
""",
    "java": """
import static java.nio.charset.StandardCharsets.UTF_8;
public class Example {{
{}
public static void main(String[] said) throws Exception {{
    System.out.println(tokenFor("customer-7", said[0]));
}}
}}
""",
}


@pytest.fixture
def otklik_of_the_examples() -> Iterator[None]:
    """They sign for one that is called otherwise."""
    usual = addresses.at("")
    addresses.init("https://questions.bank.example")
    yield
    addresses.init(usual)


@pytest.mark.parametrize("language", AROUND)
@pytest.mark.slow
def test_an_example_signs_what_is_taken(
    house: Builders, tmp_path: Path, otklik_of_the_examples: None, language: str
) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("what others sign is no matter of the database")
    run = sys.executable if language == "python" else shutil.which(language)
    if run is None:
        pytest.skip(f"{language} is not installed here")
    here = site(issuer="https://bank.example/identity", origins=("https://www.bank.example",))
    key = Secret(house.administrator(), here)
    [example] = re.findall(rf"```{language}\n(.*?)```", TEXT.read_text(encoding="utf-8"), re.DOTALL)
    ending = {"python": "py"}.get(language, language)
    program = tmp_path / f"Example.{ending}"
    program.write_text(AROUND[language].format(example), encoding="utf-8")
    said = subprocess.run(
        [run, program, key.secret],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
    claims = tokens.verify(here, said.stdout.strip(), "https://www.bank.example")
    assert claims.subject == "customer-7"
