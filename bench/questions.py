"""Documents and queries for bench/search.py, from the real questions of BANKING77 (CC BY 4.0).

    .venv/bin/python bench/questions.py 10000 bench-data

makes `documents.jsonl`, so many topics whose titles, texts and answers are questions put together,
and `queries.jsonl`, 300 questions that are no title. The data is looked for where the tests do.
"""

import csv
import json
import os
import random
from pathlib import Path

import click

DATA = Path(os.environ.get("OTKLIK_DATA", Path(__file__).parents[2] / "shared" / "data"))
QUERIES = 300


@click.command()
@click.argument("count", type=int)
@click.argument("folder", type=click.Path(path_type=Path))
def main(count: int, folder: Path) -> None:
    """Write the two files."""
    with (DATA / "banking77" / "banking_data" / "train.csv").open(encoding="utf-8") as file:
        questions = [row["text"].strip() for row in csv.DictReader(file)]
    drawn = random.Random(77)
    drawn.shuffle(questions)
    asked, known = questions[:QUERIES], questions[QUERIES:]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "documents.jsonl").open("w", encoding="utf-8") as file:
        for number in range(count):
            title = known[number % len(known)]
            if number >= len(known):
                title = f"{title} {drawn.choice(known)}"
            body = " ".join(drawn.sample(known, 3))
            answers = [" ".join(drawn.sample(known, 4))] if drawn.random() < 0.7 else []
            row = {"id": number, "title": title, "body": body, "answers": answers, "lang": "en"}
            file.write(json.dumps(row) + "\n")
    with (folder / "queries.jsonl").open("w", encoding="utf-8") as file:
        for number, text in enumerate(asked):
            file.write(json.dumps({"id": number, "text": text}) + "\n")


if __name__ == "__main__":
    main()
