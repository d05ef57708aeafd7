"""What topics store instead of counting it at every page, and what it should be."""

from sqlalchemy import func, select

from app.core.counters import counted
from app.topics.models import Category, Post, Tag, Topic, Vote, topic_tags

_STANDS = (Topic.hidden_at.is_(None), Topic.merged_into_id.is_(None))
_IN_SIGHT = (Post.topic_id == Topic.id, Post.hidden_at.is_(None))
_OFFICIAL = Post.kind == "answer"

# Those who spoke up elsewhere, or were erased, are known by their number alone.
counted(
    Topic.votes_count,
    select(func.count() + Topic.outside_votes).select_from(Vote).where(Vote.topic_id == Topic.id),
)
counted(Topic.answers_count, select(func.count()).where(*_IN_SIGHT, _OFFICIAL))
counted(Topic.comments_count, select(func.count()).where(*_IN_SIGHT, ~_OFFICIAL))
counted(
    Topic.answer_id,
    select(Post.id).where(*_IN_SIGHT, _OFFICIAL).order_by(Post.seq.desc()).limit(1),
)
# No number under a topic is given twice; those of posts that went elsewhere stay taken.
counted(
    Topic.last_seq,
    select(func.coalesce(func.max(Post.seq), 0)).where(Post.topic_id == Topic.id),
    at_least=True,
)
counted(
    Category.topics_count,
    select(func.count()).where(Topic.category_id == Category.id, *_STANDS),
)
counted(
    Tag.topics_count,
    select(func.count())
    .select_from(topic_tags)
    .join(Topic, Topic.id == topic_tags.c.topic_id)
    .where(topic_tags.c.tag_id == Tag.id, *_STANDS),
)
