"""Names and values of strangers, made safe to show."""

from __future__ import annotations


def printable(text: object, keep: str = "") -> str:
    r"""Return a name, path or value with a backslash escape for every character that does not print.

    Terminal escape codes, line feeds, marks that turn the direction of text, and bytes that are no text
    then cannot colour, forge or break what people read. Characters in `keep` stay as they are.

    Examples
    --------
    >>> print(printable("\x1b[31mrun.csv\nglckit: all is well"))
    \x1b[31mrun.csv\nglckit: all is well
    >>> printable("Quercus ilex, chêne vert")
    'Quercus ilex, chêne vert'
    """
    words = str(text)
    if words.isprintable():
        return words
    return "".join(
        each if each.isprintable() or each in keep else each.encode("unicode_escape").decode()
        for each in words
    )
