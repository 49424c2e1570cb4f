"""Bundles are driven as their platforms do, in processes without glckit, and give our numbers."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from commands import glckit, glckit_json
from run_files import zipped

from baselines.prior import prior_of
from submissions.competition.settings import Competition, read_competition
from submissions.errors import BadInputError, UsageError
from submissions.platforms.checks.checking import BundleCheck, check_bundle
from submissions.platforms.checks.processes import run_alone
from submissions.platforms.checks.unpacking import read_tree
from submissions.platforms.making import BundleOptions, Platform, make_bundle

PLATFORMS: tuple[Platform, ...] = ("codabench", "evalai", "kaggle", "huggingface")
DATES = BundleOptions(start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 6, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def competition(tiny_world: Path) -> Competition:
    return read_competition(tiny_world / "competition.toml")


@pytest.fixture(scope="module")
def bundles(competition: Competition, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    for platform in PLATFORMS:
        baseline = prior_of(competition, max_rows=20)
        make_bundle(platform, competition, folder / platform, options=DATES, write_baseline=baseline)
    return folder


def checked(folder: Path, run: Path) -> BundleCheck:
    (check,) = check_bundle(folder, [str(run)])
    return check


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_run_that_goes_with_a_bundle_scores_the_same(bundles: Path, platform: str) -> None:
    (check,) = check_bundle(bundles / platform, [])
    assert check.ok, check
    assert check.run.startswith("solutions/prior")
    assert check.scores_of_bundle is not None
    assert check.scores is not None
    assert list(check.scores_of_bundle.values()) == list(check.scores.values())


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_valid_run_scores_as_glckit_score_does(bundles: Path, platform: str, tiny_world: Path) -> None:
    run = tiny_world / "runs" / "bayes.csv"
    status, found = glckit_json("bundle", "check", bundles / platform, run)
    _, ours = glckit_json("score", run, "--truth", tiny_world / "truth.csv")
    assert status == 0
    assert set(found) >= {"ok", "platform", "faults", "scores", "scores_of_bundle", "equal"}
    assert (found["ok"], found["equal"], found["faults"], found["platform"]) == (True, True, [], platform)
    assert found["scores"]["adaptive-top-k"] == ours["adaptive_top_k"]
    assert found["scores_of_bundle"]["adaptive_top30"] == ours["adaptive_top_k"]
    if platform != "kaggle":
        assert found["scores_of_bundle"]["top30"] == ours["top_k"]


@pytest.mark.parametrize("platform", ["codabench", "kaggle"])
def test_runs_of_any_format_are_translated(
    bundles: Path, platform: str, tiny_world: Path, tmp_path: Path
) -> None:
    names = ("run.parquet", "run.csv.zst", "run.zip", "run.npy")
    for name in names:
        assert glckit("convert", tiny_world / "runs" / "bayes.csv", tmp_path / name).exit_code == 0
    runs = [tiny_world / "runs" / "bayes.csv", *(tmp_path / name for name in names)]
    checks = check_bundle(bundles / platform, list(map(str, runs)))
    assert [check.run for check in checks] == list(map(str, runs))
    assert all(check.ok and check.scores == checks[0].scores for check in checks), checks


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_invalid_run_is_refused_by_both(
    bundles: Path, platform: str, tiny_world: Path, tmp_path: Path
) -> None:
    lines = (tiny_world / "runs" / "bayes.csv").read_text().splitlines()
    run = tmp_path / "run.csv"
    run.write_text("\n".join([*lines, lines[1], ""]))  # a pair twice, which every format can say
    check = checked(bundles / platform, run)
    assert not check.ok
    assert [fault.code for fault in check.faults] == ["invalid-run"]
    assert check.scores is None
    assert check.scores_of_bundle is None
    assert check.equal is None
    assert "duplicate" in check.log
    assert "Traceback" not in check.log or platform in ("evalai", "huggingface")  # their workers show those
    result = glckit("bundle", "check", bundles / platform, run)
    assert result.exit_code == 1
    headline, *more = result.stdout.splitlines()
    assert headline == f"{platform}: the bundle is in order; {run} is not valid"
    assert "NOT READY" not in result.stdout
    assert "the run is not valid: duplicate" in result.stdout
    assert "  the bundle refuses the run, as glckit does" in more
    status, found = glckit_json("bundle", "check", bundles / platform, run)
    assert (status, found["ok"], found["equal"]) == (1, False, None)


def test_faults_of_bundle_and_run_are_told_apart(bundles: Path, tmp_path: Path) -> None:
    shutil.copytree(bundles / "codabench" / "codabench", tmp_path / "codabench")
    run = tmp_path / "run.csv"
    run.write_text("occurrence_id;species_id;probability\n1;2;x\n")
    result = glckit("bundle", "check", tmp_path, run)  # there is no zip
    assert result.stdout.startswith(f"codabench with {run}: NOT READY: 1 fault, and the run is not valid\n")
    assert result.exit_code == 1


@pytest.mark.parametrize("platform", ["codabench", "evalai"])
@pytest.mark.parametrize(
    "members",
    [
        {"a.csv": b"{run}", "b.csv": b"{run}"},
        {"__MACOSX/a.csv": b"{run}"},
        {"../../etc/run.csv": b"x"},
        {"a.html": b"<html></html>"},
        {"run.csv": b"\0" * 1000},
        {"inner.zip": zipped(**{"inner.zip": zipped(**{"inner.zip": zipped(**{"inner.zip": b"x"})})})},
    ],
)
def test_hostile_zips_are_refused(
    bundles: Path, platform: str, members: dict[str, bytes], tiny_world: Path, tmp_path: Path
) -> None:
    data = (tiny_world / "runs" / "bayes.csv").read_bytes()
    run = tmp_path / "run.zip"
    run.write_bytes(zipped(**{name: data if text == b"{run}" else text for name, text in members.items()}))
    check = checked(bundles / platform, run)
    assert [fault.code for fault in check.faults] == ["invalid-run"], check
    assert check.scores_of_bundle is None


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_scorer_that_gives_other_numbers_is_found(
    bundles: Path, platform: str, tiny_world: Path, tmp_path: Path
) -> None:
    shutil.copytree(bundles / platform / platform, tmp_path / platform)
    tree = tmp_path / platform
    scorers = {
        "codabench": "scoring_program/score.py",
        "kaggle": "metric/metric.ipynb",
        "huggingface": "metric.py",
    }
    strict, loose = b"return _sum(self.numerators) / ", b"return 1.000001 * _sum(self.numerators) / "
    if platform == "evalai":
        import io
        import zipfile

        script = tree / "evaluation_script.zip"
        with zipfile.ZipFile(io.BytesIO(script.read_bytes())) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        assert strict in members["main.py"]
        members["main.py"] = members["main.py"].replace(strict, loose)
        script.write_bytes(zipped(**members))
    else:
        path = tree / scorers[platform]
        assert strict in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(strict, loose))
    check = checked(tree, tiny_world / "runs" / "bayes.csv")
    assert check.equal is False
    assert {"unequal", "changed-scorer"} <= {fault.code for fault in check.faults} or (
        "scorer-fails" in {fault.code for fault in check.faults}  # the examples of the notebook fail first
    )


def test_a_bundle_is_the_same_whenever_it_is_made(
    competition: Competition, bundles: Path, tmp_path: Path
) -> None:
    made = make_bundle(
        "kaggle", competition, tmp_path, options=DATES, write_baseline=prior_of(competition, max_rows=20)
    )
    assert made.archive.read_bytes() == (bundles / "kaggle" / "kaggle.zip").read_bytes()


def test_truth_and_test_files_alone_are_enough(tiny_world: Path, tmp_path: Path) -> None:
    for name in ("truth.csv", "occurrences_fr_test.csv", "occurrences_us_test.csv"):
        shutil.copy(tiny_world / name, tmp_path)
    (tmp_path / "competition.toml").write_text(
        '[competition]\ntruth = "truth.csv"\ntest = ["occurrences_fr_test.csv", "occurrences_us_test.csv"]\n'
    )
    for platform in PLATFORMS:
        result = glckit("bundle", platform, tmp_path, "-o", tmp_path / "out" / platform)
        assert result.exit_code == 0, result.stderr
        assert "equal scores" in result.stderr
        assert "no dates given" in result.stderr
        (check,) = check_bundle(tmp_path / "out" / platform, [])
        assert check.ok, check


@pytest.mark.parametrize(
    ("platform", "year"),
    [
        *(("codabench", year) for year in (2018, 2019, 2021, 2022, 2023, 2024, 2025)),
        *((platform, year) for platform in PLATFORMS[1:] for year in (2018, 2024)),
    ],
)
def test_every_edition_has_its_bundles(tmp_path: Path, platform: Platform, year: int) -> None:
    of_sets = year >= 2023
    rows = [(1, 5), (2, 6), (3, 7), *([(1, 8)] if of_sets else [])]
    (tmp_path / "truth.csv").write_text("id;species_id\n" + "".join(f"{i};{s}\n" for i, s in rows))
    (tmp_path / "test.csv").write_text("id;lat;lon\n" + "".join(f"{i};45;3\n" for i in (1, 2, 3, 4)))
    (tmp_path / "competition.toml").write_text(
        f'[competition]\ntruth = "truth.csv"\ntest = ["test.csv"]\nedition = {year}\nk = 2\n'
    )
    competition = read_competition(tmp_path / "competition.toml")
    make_bundle(platform, competition, tmp_path / "out", options=DATES)
    assert set(check_bundle(tmp_path / "out", [])[0].scores or {}) == set(competition.metric)
    run = tmp_path / "run.csv"
    run.write_text(
        {2018: "1;5;0.5;1\n2;9;0.9;1\n2;6;0.5;2\n3;1;1;1\n4;4;1;1\n"}.get(year)
        or {2019: "1;5;1;0.5\n2;9;1;0.9\n2;6;2;0.5\n3;1;1;1\n4;4;1;1\n"}.get(year)
        or "Id,Predicted\n1,5 8\n2,9 6\n3,1 2 7\n4,\n"
    )
    mine = checked(tmp_path / "out", run)
    assert mine.ok, mine
    assert mine.scores is not None
    assert 0 < next(iter(mine.scores.values())) < 1


@pytest.mark.parametrize("platform", ["kaggle", "huggingface"])
def test_parts_are_scored_apart(
    competition: Competition, platform: Platform, tiny_world: Path, tmp_path: Path
) -> None:
    options = BundleOptions(start=DATES.start, end=DATES.end, private_share=0.5, seed=1)
    made = make_bundle(platform, competition, tmp_path, options=options)
    assert any("scored apart" in warning for warning in made.warnings)
    check = checked(tmp_path, tiny_world / "runs" / "bayes.csv")
    assert check.ok, check
    assert check.scores_of_bundle is not None
    assert {"adaptive_top30:public", "adaptive_top30:private"} <= set(check.scores_of_bundle)
    assert any("threshold of its own" in note for note in check.notes)


def test_what_participants_get_never_holds_the_truth(bundles: Path, tiny_world: Path) -> None:
    truth = (tiny_world / "truth.csv").read_text().splitlines()[1:]
    labels = {line.split(";")[0] + ";" + line.split(";")[-1] for line in truth}
    for platform, folders in {
        "codabench": ("pages/", "starting_kit/", "public_data/"),
        "evalai": ("templates/", "starting_kit/"),
        "kaggle": ("pages/", "data/", "sample_submission.csv"),
        "huggingface": ("public_data/", "COMPETITION_DESC.md", "DATASET_DESC.md"),
    }.items():
        for name, data in read_tree(bundles / platform / platform).items():
            if name.startswith(folders):
                lines = data.decode(errors="replace").splitlines()
                found = {";".join(line.split(";")[:: max(line.count(";"), 1)]) for line in lines}
                assert not labels & found, name


def test_a_named_run_must_be_valid(competition: Competition, tmp_path: Path) -> None:
    run = tmp_path / "bad.csv"
    run.write_text("occurrence_id;species_id;probability\n1;2;x\n")
    with pytest.raises(BadInputError, match="bad-score"):
        make_bundle("codabench", competition, tmp_path / "out", options=BundleOptions(runs=(str(run),)))
    assert not (tmp_path / "out").exists()


def test_nothing_is_replaced_without_force(competition: Competition, tmp_path: Path) -> None:
    make_bundle("codabench", competition, tmp_path, options=DATES)
    (tmp_path / "codabench" / "stale.md").write_text("x")
    with pytest.raises(UsageError, match="--force"):
        make_bundle("codabench", competition, tmp_path, options=DATES)
    make_bundle(
        "codabench",
        competition,
        tmp_path,
        options=BundleOptions(start=DATES.start, end=DATES.end, force=True),
    )
    assert not (tmp_path / "codabench" / "stale.md").exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (BundleOptions(start=DATES.end, end=DATES.start), "not after the start"),
        (BundleOptions(private_share=1.5), "private share"),
    ],
)
def test_options_that_cannot_be_meant(
    competition: Competition, tmp_path: Path, options: BundleOptions, why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        make_bundle("kaggle", competition, tmp_path, options=options)


def test_own_pages_are_taken(competition: Competition, tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "terms.md").write_text("# Our terms\n\nBe *kind* <script>.\n")
    options = BundleOptions(pages=pages, start=DATES.start, end=DATES.end)
    made = make_bundle("evalai", competition, tmp_path / "out", options=options)
    assert "terms.md" not in " ".join(made.warnings)
    page = (made.tree / "templates" / "terms_and_conditions.html").read_text()
    assert "<em>kind</em> &lt;script&gt;" in page
    (pages / "rules.md").write_text("x")
    (pages / "data.md").write_text(" ")
    with pytest.raises(UsageError, match=r"rules\.md has no place; data\.md is empty"):
        make_bundle("evalai", competition, tmp_path / "other", options=options)


def test_scorers_run_without_glckit(tmp_path: Path) -> None:
    ran = run_alone("import scoring", folder=tmp_path)
    assert ran.status == 1
    assert "not on the platform" in ran.errors


def test_real_test_ids(realdata: Path, tmp_path: Path) -> None:
    """The occurrences and species of 2020 with a truth that is drawn."""
    folder, random = realdata / "occurrences", np.random.default_rng(0)
    tables = [folder / f"occurrences_{region}_test.csv" for region in ("fr", "us")]
    ids = np.concatenate(
        [np.loadtxt(each, delimiter=";", skiprows=1, usecols=0, dtype=np.int64) for each in tables]
    )
    chosen = np.sort(random.choice(ids, 3000, replace=False))
    (tmp_path / "test.csv").write_text("id;lat;lon\n" + "".join(f"{i};45;3\n" for i in chosen))
    truth = random.integers(0, 31_435, len(chosen))
    rows = "".join(f"{i};{s}\n" for i, s in zip(chosen, truth, strict=True))
    (tmp_path / "truth.csv").write_text("id;species_id\n" + rows)
    shutil.copy(folder / "species_metadata.csv", tmp_path / "species.csv")
    (tmp_path / "competition.toml").write_text(
        '[competition]\ntruth = "truth.csv"\ntest = ["test.csv"]\nspecies = "species.csv"\n'
    )
    lines = ["occurrence_id;species_id;probability"]
    for i, species in zip(chosen.tolist(), truth.tolist(), strict=True):
        guesses = {species} if random.random() < 0.5 else set()
        guesses |= set(random.integers(0, 31_435, 35).tolist())
        lines += [f"{i};{each};{random.random()!r}" for each in sorted(guesses)]
    (tmp_path / "run.csv").write_text("\n".join([*lines, ""]))
    competition = read_competition(tmp_path / "competition.toml")
    for platform in PLATFORMS:
        make_bundle(platform, competition, tmp_path / platform, options=DATES)
        check = checked(tmp_path / platform, tmp_path / "run.csv")
        assert check.ok, check
        assert check.scores is not None
        assert 0.3 < check.scores["adaptive-top-k"] < 0.6


def test_the_report_is_for_people_too(bundles: Path, tiny_world: Path, tmp_path: Path) -> None:
    run = tiny_world / "runs" / "bayes.csv"
    result = glckit("bundle", "check", bundles / "codabench", run)
    assert "ready" in result.stdout
    assert "the same as ours" in result.stdout
    result = glckit("bundle", "check", bundles / "codabench", run, "--format", "csv")
    assert result.stdout.startswith("platform,run,code,place,message,fix")
    assert glckit("bundle", "check", tmp_path / "absent").exit_code == 3
    assert glckit("bundle", "check", tmp_path).exit_code == 2
    absent = tiny_world / "runs" / "none.csv"
    assert glckit("bundle", "check", bundles / "codabench", absent).exit_code == 3


def test_a_missing_library_says_what_to_install(
    competition: Competition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(UsageError, match=r"pyyaml is not installed.*glckit\[leaderboard\]"):
        make_bundle("codabench", competition, tmp_path, options=DATES)
