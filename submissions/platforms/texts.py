"""The pages of a competition: the organizers' own Markdown, and what stands where they have written none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scoring.metrics.metric import Metric
from submissions.competition.settings import Competition
from submissions.editions import RunForm
from submissions.errors import CannotCheckError, UsageError
from submissions.printable import printable
from submissions.requirements import Requirements
from submissions.wording import counted

#: The pages that every platform shows, and their titles.
TITLES = {"overview": "Overview", "evaluation": "Evaluation", "data": "Data", "terms": "Terms"}

_LISTED = "one line per occurrence, its species from best to worst with blanks between them"
_FORMS: dict[RunForm, str] = {
    "long": "a header `occurrence_id;species_id;probability;rank` (`rank` may be absent) and one line per "
    "occurrence and species",
    "ranked": "lines `query;class;score;rank`, without a header",
    "glc19": "lines `glc19TestOccId;glc19SpId;Rank;Probability`, with this header or none",
    "predicted": f"a header `Id,Predicted` and {_LISTED}",
    "survey": f"a header `surveyId,predictions` and {_LISTED}",
}
#: The form of runs on boards with a row per occurrence.
PAIRS = (
    "a header `Id,Predicted` and one line per occurrence; `Predicted` holds pairs `species:score` with "
    "blanks between them, such as `123:0.9 45:0.1`"
)


@dataclass(frozen=True)
class PageFacts:
    """What default pages are made of."""

    competition: Competition
    requirements: Requirements
    n_truth: int
    n_test: int
    form: str

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics, the first of which ranks."""
        return self.requirements.metrics


def form_in_words(form: RunForm) -> str:
    """Return how a run of a form is written."""
    return _FORMS[form]


def pages_of(folder: Path | None, facts: PageFacts) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the pages by name, and the names of those that nobody has written.

    Raises
    ------
    CannotCheckError
        If a page cannot be read.
    UsageError
        If the folder has a page of another name, or an empty one.
    """
    own = {} if folder is None else _read(folder)
    written = {name: own[name] if name in own else make(facts) for name, make in _DEFAULTS.items()}
    return written, tuple(name for name in written if name not in own)


def rules(facts: PageFacts) -> str:
    """Return what makes a run valid, as a list."""
    return "\n".join(f"- {rule}" for rule in _rules(facts)) + "\n"


def _read(folder: Path) -> dict[str, str]:
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".md")
        texts = {path.stem.lower(): path.read_text(encoding="utf-8-sig") for path in files}
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise CannotCheckError(f"Cannot read the pages in {printable(folder)}: {why}.") from error
    known = ", ".join(f"{name}.md" for name in TITLES)
    strange = [path.name for path in files if path.stem.lower() not in TITLES]
    empty = [f"{name}.md" for name, text in texts.items() if not text.strip()]
    wrong = [f"{printable(', '.join(strange))} has no place"] if strange else []
    wrong += [f"{', '.join(empty)} is empty"] if empty else []
    if wrong:
        raise UsageError(f"In {printable(folder)}, {'; '.join(wrong)}.", f"The pages are {known}.")
    return texts


def _overview(facts: PageFacts) -> str:
    first = facts.metrics[0]
    k = f" (K = {facts.requirements.k})" if first.has_k else ""
    return f"""# {facts.competition.name}

Which species are likely at a place? A *run* gives each of {facts.n_test:,} occurrences, places where
somebody saw a species, a list of species with scores. The species that was seen is kept back.

Runs are ranked by **{first.name}**: {first.summary}{k}. The page on evaluation says exactly how; the page
on data says what a run looks like.
"""


_THRESHOLD = """One threshold t serves all occurrences: the smallest number with at most K N submitted scores
strictly above it. A true species counts if its score is above t. A block of scores that are equal to t is
left out whole, so equal scores are best avoided. What is not submitted is not predicted."""
_ORDER = "Within an occurrence, equal scores are told apart by the rank, then by the order in the file."
_LOCALLY = """`glckit score` gives the same numbers on your own machine for a validation part of your own, and
`glckit validate` finds what is wrong with a run before it is sent."""


def _evaluation(facts: PageFacts) -> str:
    n, k = facts.n_truth, facts.requirements.k
    n_and_k = f"N is the number of occurrences with a known species, {n:,}; K is {k}."
    parts = [
        "# Evaluation",
        "\n".join(_metric_line(metric, ranks=metric is facts.metrics[0]) for metric in facts.metrics),
        n_and_k,
        _THRESHOLD if any(metric.fits_threshold for metric in facts.metrics) else "",
        _ORDER if any(metric.needs == "order" for metric in facts.metrics) else "",
        _LOCALLY,
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _metric_line(metric: Metric, *, ranks: bool) -> str:
    direction = "lower" if metric.lower_is_better else "higher"
    return (
        f"- **{metric.name}**: {metric.summary}. {'It ranks. ' if ranks else ''}The {direction}, the better."
    )


def _data(facts: PageFacts) -> str:
    return f"""# Data and runs

A run predicts {counted(facts.n_test, "occurrence")}. It is text in UTF-8: {facts.form}.

## What makes a run valid

{rules(facts)}"""


def _rules(facts: PageFacts) -> Iterator[str]:
    requirements = facts.requirements
    yield "Ids are integers in digits: `7`, not `7.0`. Scores are finite numbers with a decimal point."
    missing = "may be left out" if requirements.allow_missing else "must all be there"
    yield f"The {facts.n_test:,} test occurrences {missing}, and no others."
    if requirements.species_ids is not None:
        yield f"Species are among the {len(requirements.species_ids):,} of the species table."
    yield "No species twice for one occurrence."
    if requirements.max_rows is not None:
        yield f"At most {counted(requirements.max_rows, 'species', 'species')} per occurrence."
    yield "A run that breaks a rule gets no score; the log says which rows, and what to do."


def _terms(facts: PageFacts) -> str:
    return f"""# Terms

By taking part in {facts.competition.name} you agree that the organizers publish the names and scores of
teams, and keep the runs that were sent to analyse them. One account per person. The species of test
occurrences must not be looked up, whether by hand or by machine. The organizers may leave out a run that
breaks these terms.
"""


_DEFAULTS: Mapping[str, Callable[[PageFacts], str]] = {
    "overview": _overview,
    "evaluation": _evaluation,
    "data": _data,
    "terms": _terms,
}
