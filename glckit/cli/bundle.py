"""glckit bundle: the competition on Codabench, EvalAI, Kaggle and Hugging Face."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glckit.cli.app import BAD, OK, TERMINAL, Commands, FormatOption, JsonOption, app, say, show
from glckit.cli.parameters import argument, built, flag, option

if TYPE_CHECKING:
    from glckit.render import Report
    from submissions.platforms.making import BundleOptions

bundle = Commands(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Put the competition on a hosting platform.\n\nOur scorer is inside, and gives our numbers.",
)
app.add_typer(bundle, name="bundle")

_TITLES = {"codabench": "Codabench", "evalai": "EvalAI", "kaggle": "Kaggle", "huggingface": "Hugging Face"}
# What is easily read, and never near the sizes at which uploads were seen to hang.
_ROWS_PER_K = 2


OutputOption = Annotated[Path, option("OUT", "The folder of the bundle.", "-o", "--output")]


def _command_of(platform: Any) -> Callable[..., None]:
    def make(
        context: typer.Context,
        output: OutputOption,
        competition: Annotated[
            Path | None,
            argument("COMPETITION", "Its folder or competition.toml; the current one by default."),
        ] = None,
        pages: Annotated[
            Path | None, option("DIR", "Pages: overview.md, evaluation.md, data.md, terms.md.")
        ] = None,
        runs: Annotated[
            list[str] | None, option("RUN", "A run that goes with it; may be repeated.", "--run")
        ] = None,
        start: Annotated[datetime | None, option("TIME", "When it opens, in UTC; today by default.")] = None,
        end: Annotated[datetime | None, option("TIME", "When it closes; 90 days later by default.")] = None,
        private_share: Annotated[
            float | None,
            option("S", "Share of the quadrats whose scores stay private (Kaggle, Hugging Face)."),
        ] = None,
        seed: Annotated[int | None, option("N", "Of the drawing of the private part.")] = None,
        force: Annotated[bool, flag("Replace a bundle that is there.", "--force")] = False,
        form: FormatOption = "text",
        as_json: JsonOption = False,
    ) -> None:
        from submissions.platforms.making import BundleOptions

        report = _made(platform, competition, output, built(BundleOptions, context.params))
        show(report, form, as_json=as_json)

    make.__doc__ = f"""Write what {_TITLES[platform]} wants: a folder, and the zip made of it.

    glckit bundle check OUT says whether it works, before any upload.
    """
    return make


def _made(platform: Any, competition: Path | None, output: Path, options: BundleOptions) -> Report:
    from baselines.prior import prior_of
    from glckit.reports.bundles import made_report
    from submissions.competition.files import competition_at
    from submissions.platforms.making import make_bundle

    found = competition_at(competition)
    prior = prior_of(found, max_rows=min(found.rows(), _ROWS_PER_K * found.k))
    made = make_bundle(platform, found, output, options=options, write_baseline=prior, progress=TERMINAL)
    for warning in made.warnings:
        say(f"warning: {warning}.")
    return made_report(made)


for _platform, _title in _TITLES.items():
    bundle.command(_platform, short_help=f"Write the bundle of {_title}.")(_command_of(_platform))


@bundle.command(short_help="Find everything that is wrong with a bundle, and run its scorer.")
def check(
    output: Annotated[Path, argument("OUT", "What glckit bundle wrote: the folder, or the zip.")],
    runs: Annotated[
        list[str] | None, argument("RUN", "Runs to score; by default those that go with the bundle.")
    ] = None,
    form: FormatOption = "text",
    as_json: JsonOption = False,
) -> None:
    """Find everything that is wrong with a bundle, and compare its scores with ours to the last bit.

    The scorer runs as on its platform: in the layout of its folders, in a fresh process that has no glckit.
    The exit status is 1 if anything is wrong or unequal, or a run is not valid.
    """
    from glckit.reports.bundles import check_report
    from submissions.platforms.checks.checking import check_bundle

    checks = check_bundle(output, runs or [])
    show(check_report(checks), form, as_json=as_json)
    raise typer.Exit(OK if all(each.ok for each in checks) else BAD)
