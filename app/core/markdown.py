"""HTML back to Markdown, for texts brought in from elsewhere: the only door to markdownify."""

import re

from markdownify import ATX, MarkdownConverter

_HEADING = re.compile(r"<(/?)h([3-6])\b")

_converter = MarkdownConverter(
    heading_style=ATX, bullets="-", newline_style="backslash", escape_misc=True
)


def of(html: str) -> str:
    """Markdown that `markup.render` turns into (nearly) this `html`, which came from there."""
    # The page's outline stands above what people write: `render` will lower the headings again.
    raised = _HEADING.sub(lambda tag: f"<{tag[1]}h{int(tag[2]) - 2}", html)
    return str(_converter.convert(raised)).strip()
