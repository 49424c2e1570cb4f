"""YAML and HTML as platforms take them."""

from __future__ import annotations

from typing import Any

from submissions.errors import require

EXTRA = "leaderboard"


def as_yaml(data: Any) -> bytes:
    r"""Return data as YAML, its keys in their order.

    Examples
    --------
    >>> as_yaml({"b": [1], "a": "x"}).decode()
    'b:\n- 1\na: x\n'
    """
    yaml = require("yaml", EXTRA)
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110)
    return text.encode()


def as_html(markdown: str) -> bytes:
    r"""Return Markdown as HTML; HTML in it is shown as it stands, not obeyed.

    Examples
    --------
    >>> as_html("*x* <b>").decode()
    '<p><em>x</em> &lt;b&gt;</p>\n'
    """
    parser = require("markdown_it", EXTRA).MarkdownIt("commonmark", {"html": False}).enable("table")
    text: str = parser.render(markdown)
    return text.encode()
