"""Migrations do what their phase allows, and the rules see what each is there for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic.script import ScriptDirectory

from app.core import schema
from bench.bank import LARGE
from tests.core.releases import step
from tests.migration_rules import BREAKS, WAITS, broken, statements

if TYPE_CHECKING:
    from types import ModuleType

COLUMN = "sa.Column('fresh', sa.Text(), nullable=True)"
ADDED = """
    column = sa.Column('fresh', sa.Integer(), nullable=False, server_default='0')
    op.add_column('topics', column)
"""
NEWS = """
    op.create_table(
        'news',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('topic_id', sa.Integer(), sa.ForeignKey('topics.id'), unique=True),
    )
    op.create_index('ix_news', 'news', ['topic_id'])
    op.execute('INSERT INTO news (id, topic_id) VALUES (1, 1)')
    op.execute('UPDATE news SET topic_id = 2')
"""
# Each breaks the rule it stands beside, and nothing is said of the others.
AGAINST = {
    "drops a table": ["op.drop_table('votes')", "op.execute('drop table if exists votes')"],
    "drops a column": [
        "op.drop_column('topics', 'title')",
        "op.execute('alter table topics drop column title')",
    ],
    "renames": ["op.rename_table('votes', 'voices')",
                "op.alter_column('topics', 'title', new_column_name='heading')"],
    "changes the type": ["op.alter_column('topics', 'title', type_=sa.String(10))"],
    "requires a column": ["op.alter_column('topics', 'title', nullable=False)",
                          "online.require('topics', 'title')"],
    "takes away a default": ["op.alter_column('topics', 'votes_count', server_default=None)"],
    "cannot leave empty": [
        "op.add_column('topics', sa.Column('new', sa.Text(), nullable=False))",
        "op.execute('ALTER TABLE topics ADD COLUMN new text NOT NULL')",
    ],
    "(unique)": [
        "op.create_unique_constraint('uq_topics_title', 'topics', ['title'])",
        "online.add_index('ix_topics_title', 'topics', ['title'], unique=True)",
        "op.create_index('ix_topics_title', 'topics', ['title'], unique=True)",
        "op.add_column('topics', sa.Column('new', sa.Text(), unique=True))",
    ],
    "(check)": ["op.create_check_constraint('ck_topics_title', 'topics', 'title <> id::text')"],
    "an index that old code": ["online.drop_index('ix_topics_title', 'topics')",
                               "op.drop_index('ix_topics_title', 'topics')"],
    "keeps old and new code equal": ["op.execute('DROP TRIGGER mirror ON topics')",
                                     "op.execute('DROP FUNCTION mirror()')"],
    "a backfill's work": [
        "op.execute(\"UPDATE topics SET title = ''\")",
        "op.execute(sa.text('DELETE FROM topics'))",
    ],
    "online.add_index": [f"op.create_index('ix_new', '{table}', ['id'])" for table in LARGE],
    "online.drop_index": ["op.drop_index('ix_topics_title', 'topics')"],
    "online.add_foreign_key": [
        "op.create_foreign_key('fk_new', 'topics', 'people', ['new_id'], ['id'])",
        "op.add_column('topics', sa.Column('new_id', sa.Integer(), sa.ForeignKey('people.id')))",
    ],
    "writes a whole table anew": [
        "op.execute('ALTER TABLE topics ADD COLUMN new uuid DEFAULT gen_random_uuid()')",
        "op.execute('ALTER TABLE topics ADD COLUMN new int GENERATED ALWAYS AS (id) STORED')",
        "op.execute('ALTER TABLE topics ADD COLUMN new BIGSERIAL')",
    ],
    "asks the database": ["op.get_bind().execute(sa.text('SELECT 1')).all()"],
}  # fmt: skip
ALLOWED = {
    "expand": (
        f"op.add_column('topics', {COLUMN})",
        ADDED,
        "op.add_column('topics', sa.Column('new', sa.DateTime(), server_default=sa.func.now()))",
        NEWS,
        "online.add_index('ix_topics_new', 'topics', ['title'])",
        "online.loosen('topics', 'title')",
        "online.add_foreign_key('fk_new', 'topics', 'new_id', 'people', 'SET NULL')",
        "online.Mirror('topics', {'new': 'new.title'}, {'title': 'new.new'}).begin()",
    ),
    "contract": (
        "op.drop_column('topics', 'title')",
        "op.drop_table('votes')",
        "online.require('topics', 'title')",
        "online.add_index('ix_topics_title', 'topics', ['title'], unique=True)",
        "online.drop_index('ix_topics_title', 'topics')",
        "online.Mirror('topics', {'new': 'new.title'}, {'title': 'new.new'}).end()",
    ),
}  # fmt: skip


def module(body: str, phase: str = "expand") -> ModuleType:
    """A migration that does only this."""
    made = type(pytest)("made_up")
    exec(compile(step("9002", "9001", phase, body), "made_up", "exec"), made.__dict__)  # noqa: S102
    return made


def ours() -> list[ModuleType]:
    found = ScriptDirectory.from_config(schema.alembic_config()).walk_revisions()
    return [each.module for each in found if each.revision > schema.FIRST]


def test_our_migrations_keep_the_rules() -> None:
    assert ours()
    wrong = {each.revision: broken(each) for each in ours()}
    assert not {revision: told for revision, told in wrong.items() if told}


@pytest.mark.parametrize(
    ("words", "body"), [(words, body) for words, bodies in AGAINST.items() for body in bodies]
)
def test_an_expansion_that_breaks_old_code_is_refused(words: str, body: str) -> None:
    assert any(words in told for told in broken(module(body)))


@pytest.mark.parametrize(
    ("phase", "body"), [(phase, body) for phase, bodies in ALLOWED.items() for body in bodies]
)
def test_what_breaks_nobody_is_allowed(phase: str, body: str) -> None:
    assert broken(module(body, phase)) == []


def test_every_rule_has_an_example() -> None:
    for rule in (*BREAKS, *WAITS):
        assert any(words in rule for words in AGAINST), rule


def test_a_contraction_too_has_nobody_wait() -> None:
    assert broken(module("op.create_index('ix_new', 'posts', ['id'])", "contract"))
    assert broken(module("op.drop_index('ix_posts', 'posts')", "contract"))


def test_a_migration_says_its_phase() -> None:
    for phase in ("", "both"):
        assert "does not say its phase" in broken(module("pass", phase))[0]


def test_the_rules_read_what_would_be_run() -> None:
    assert statements(module(f"op.add_column('topics', {COLUMN})")) == [
        "ALTER TABLE topics ADD COLUMN fresh TEXT"
    ]
