"""The page on which a comment is made a topic of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, flash, render_template, request

from app.core import policy
from app.core.i18n import _
from app.core.panels import panel
from app.core.web import current_actor, see_other
from app.moderation import queries, service
from app.moderation.forms import SplitForm
from app.moderation.views import door
from app.topics import queries as topics

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.topics.models import Post


@panel("post:actions", order=70)
def the_way_to_split(post: Post) -> str:
    """Beside a customer's comment, for those who may."""
    if not policy.can(current_actor(), "moderation.act", post) or not service.can_split(post):
        return ""
    return render_template("moderation/_split.html", post=post)


@door.form("/posts/<int:post_id>/moderation/split", may="moderation.act", on=topics.post_in_sight)
def split(post: Post) -> ResponseReturnValue:
    """What the topic will be, what goes along, and why."""
    topic = topics.topic(post.topic_id)
    if not service.can_split(post) or topic.merged_into_id is not None:
        abort(404)
    later = queries.comments_after(post)
    form = SplitForm(post, later, topics.categories(), topic.category_id)
    if form.is_sent_well():
        category = topics.category(form.category_id.data)
        try:
            made = service.split(
                current_actor(),
                post,
                kind=form.kind.data,
                title=form.title.data or "",
                category=category or topic.category,
                reason=form.reason.data or "",
                along=form.along.data or (),
            )
        except service.AlreadySoError:
            form.form_errors.append(_("Somebody did this already. Nothing was changed."))
        else:
            flash(_("The comment is a topic now."), "kept")
            return see_other("topics.topic", topic_id=made.id)
    page = render_template("moderation/split.html", post=post, topic=topic, form=form)
    return page, 422 if request.method == "POST" else 200
