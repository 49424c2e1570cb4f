"""What can be wrong with a run, as data: a code, a severity, a count, examples, and what to do.

The catalogue below is in the order in which a report lists faults. Rendering is the command line's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from submissions.naming import conversion_of

Severity = Literal["error", "warning"]

#: How many examples a fault keeps.
MAX_EXAMPLES = 5

# Stands for the command that converts the run.
_CONVERT = "{convert}"
#: What begins the sentence of a fix that says what `glckit convert` mends.
TAKES_CARE = "This takes care of"
# What a fix promises of a fault that is an error, and not where it was made a warning already.
_DOWNGRADE = "; --allow-missing makes it a warning"
# What the reader of a report should do, by code. The order is the order of the report.
_ERRORS = {
    "not-a-table": "Submit the run itself as text or Parquet; download it again if it came from the web.",
    "empty": "Write the run again; the file holds nothing.",
    "truncated": "Compress or copy the file again, and compare the sizes.",
    "too-large": "Keep fewer species per occurrence ({convert} --max-rows N), or raise --max-bytes.",
    "header": "Use the header occurrence_id;species_id;probability;rank (rank may be absent).",
    "no-rows": "Write one line for each occurrence and species.",
    "ragged": "Give every line the same fields as the header, with one separator and nothing after the last.",
    "bad-id": "Write ids as plain integers: 7, not 7.0.",
    "bad-score": "Write scores as finite numbers with a decimal point; leave out pairs that have none.",
    "bad-rank": "Write ranks as plain integers, or leave the rank column out.",
    "unknown-occurrence": "Predict the occurrences of the test files and no others.",
    "unknown-species": "Use the species_id of the species table, not the GBIF id.",
    "duplicate": "Keep one line for each occurrence and species.",
    "missing-occurrence": f"Predict a species for every test occurrence{_DOWNGRADE}.",
    "too-many-rows": "Keep the best rows of each occurrence: {convert} --max-rows N",
}
_WARNINGS = {
    "rank-order": "Renumber with: {convert} --rerank",
    "score-range": "If these are not meant as probabilities, leave them: both metrics use only their order.",
    "short-lists": (
        "Submit more than K species per occurrence (150 is usual); the threshold picks among them."
    ),
    "budget-lost": "Submit more pairs, or break ties: a block of equal scores is left out whole.",
    "constant-scores": "Submit graded scores; with equal ones nothing lies above the threshold.",
}
# Faults of the organizers' own tables, which are raised and not reported.
_OF_TABLES = {"bad-place": "Give latitude and longitude in decimal degrees."}
_FIXES = {**_ERRORS, **_WARNINGS, **_OF_TABLES}

#: Faults of files of which only the beginning could be read.
CUT_CODES = frozenset({"truncated", "too-large"})
#: What is concluded from all rows of a run together, and from some of them would be wrong.
DERIVED_CODES = ("missing-occurrence", "rank-order", "short-lists", "budget-lost", "constant-scores")
ERROR_CODES = tuple(_ERRORS)
WARNING_CODES = tuple(_WARNINGS)


@dataclass(frozen=True)
class Example:
    """One place where a fault shows; None where the fault has no such thing.

    Parameters
    ----------
    line : int, optional
        Line of the file, from 1, the header included.
    found : str, optional
        What stands there.
    """

    line: int | None = None
    occurrence_id: int | None = None
    species_id: int | None = None
    found: str | None = None


@dataclass(frozen=True)
class Fault:
    """One kind of fault of one run, counted over the whole file.

    Parameters
    ----------
    code : str
        Stable name, one of `ERROR_CODES` or `WARNING_CODES`.
    severity : {"error", "warning"}
        Whether the run is invalid for it.
    fix : str
        What to do about it.
    examples : tuple of Example
        The first few places.
    """

    code: str
    severity: Severity
    count: int
    message: str
    fix: str
    examples: tuple[Example, ...] = ()


def in_words(fault: Fault) -> str:
    """Return a fault in one line, with its count and first lines.

    Examples
    --------
    >>> in_words(Fault("bad-id", "error", 7, "not an integer", "Fix it.", (Example(3), Example(9))))
    'not an integer (7; lines 3, 9, ...)'
    """
    lines = [str(example.line) for example in fault.examples if example.line is not None]
    if not lines:
        return fault.message
    more = ", ..." if fault.count > len(lines) else ""
    where = "line" if len(lines) == 1 else "lines"
    return f"{fault.message} ({fault.count:,}; {where} {', '.join(lines)}{more})"


class FaultLog:
    """Collect the faults of one run while it is read and checked, each with at most `max_examples` examples.

    Examples
    --------
    >>> log = FaultLog()
    >>> log.add("ragged", Example(line=3), message="lines with too few fields")
    >>> log.add("ragged", Example(line=9), message="lines with too few fields")
    >>> [(fault.code, fault.count) for fault in log.faults()]
    [('ragged', 2)]
    """

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        run: str = "RUN",
        year: int | None = None,
        max_examples: int = MAX_EXAMPLES,
    ) -> None:
        self.max_examples = max_examples
        self.year = year  # of the edition that has such files: converting them keeps their form
        self._run = run
        self._fixes: dict[str, list[str]] = defaultdict(list)
        self._mends: dict[str, list[str]] = defaultdict(list)
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, list[Example]] = defaultdict(list)
        self._messages: dict[str, list[str]] = defaultdict(list)
        self._severities: dict[str, Severity] = {}
        for fault in faults:
            self.add(fault.code, *fault.examples, message=fault.message, count=fault.count, fix=fault.fix)
            self._severities[fault.code] = fault.severity

    def add(
        self,
        code: str,
        *examples: Example,
        message: str,
        count: int | None = None,
        fix: str | None = None,
        mends: Sequence[str] = (),
    ) -> None:
        """Note a fault; the examples may be fewer than the count (by default their number), never more.

        `fix` is what to do unless it is what the catalogue says, and `mends` what `glckit convert` mends in
        it; where it mends all there is, nothing else need be done.
        """
        if code not in _FIXES:
            raise KeyError(code)
        n = max(len(examples), 1) if count is None else count
        self._counts[code] += n
        self.offer(code, *mends)
        if fix is not None or not mends:
            _append_new(self._fixes[code], _FIXES[code] if fix is None else fix)
        kept = self._examples[code]
        kept.extend(examples[:n][: max(self.max_examples - len(kept), 0)])
        _append_new(self._messages[code], message)

    def add_once(self, code: str, *, message: str) -> None:
        """Note a fault of the whole file, unless it was noted already."""
        if not self._counts[code]:
            self.add(code, message=message)

    def offer(self, code: str, *mends: str) -> None:
        """Say in the fix of a fault what `glckit convert` mends in it."""
        _append_new(self._mends[code], *mends)

    def downgrade(self, code: str) -> None:
        """Report a code as a warning from now on."""
        self._severities[code] = "warning"

    def upgrade(self, code: str) -> None:
        """Report a code as an error from now on."""
        self._severities[code] = "error"

    def faults(self) -> tuple[Fault, ...]:
        """Return what was noted, errors first, in the order of the catalogue."""
        found = [self._fault(code) for code in _FIXES if self._counts[code]]
        return tuple(sorted(found, key=lambda fault: fault.severity != "error"))

    def _fault(self, code: str) -> Fault:
        severity = self._severities.get(code, "warning" if code in _WARNINGS else "error")
        message, fixes = "; ".join(self._messages[code]), self._fixes[code]
        if self._mends[code]:
            mended = " and ".join(self._mends[code])
            fixes = [*fixes, f"{TAKES_CARE} {mended}: {self._conversion}"]
        fix = " ".join(fixes)
        if severity == "warning":
            fix = fix.replace(_DOWNGRADE, "")
        if _CONVERT in fix:
            fix = fix.replace(_CONVERT, self._conversion)
        return Fault(code, severity, self._counts[code], message, fix, tuple(self._examples[code]))

    @property
    def _conversion(self) -> str:
        return conversion_of(self._run) + (f" --to {self.year}" if self.year else "")


def _append_new(texts: list[str], *more: str) -> None:
    texts += [text for text in more if text not in texts]
