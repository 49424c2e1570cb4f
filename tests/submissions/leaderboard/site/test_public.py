"""What strangers see: nothing from which the truth could be had, nor the private part before its time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scored_seasons import HandedIn, scored_season

from submissions.leaderboard.entries import Evidence, PartEvidence, PartScores, Submission, TruthPart
from submissions.leaderboard.season import Season
from submissions.leaderboard.site.building import build_site
from submissions.leaderboard.site.cells import cell_maps
from submissions.leaderboard.site.shown import LEAST_TOLD, SiteOptions

N, FIRST_ID, FIRST_SPECIES, SEED = 400, 10_300_001, 7_410_003, 904_183
OPEN, CLOSED = datetime(2020, 5, 1, tzinfo=UTC), datetime(2020, 7, 1, tzinfo=UTC)
RULES = {"private_share": "0.4", "seed": str(SEED), "closes": "2020-06-01T00:00:00Z"}
# Species with how many occurrences each: a kingdom of four, one of nine, the others of many.
KINGDOMS = {"Fungi": 4, "Chromista": 9, "Animalia": 90, "Plantae": N - 103}


def truth() -> tuple[list[int], list[tuple[float, float]], list[int]]:
    rng = np.random.default_rng(5)
    ids = (FIRST_ID + 17 * rng.permutation(N)).tolist()
    centres = rng.uniform(43, 48, (60, 2))
    places = centres[rng.zipf(1.5, N) % 60] + rng.uniform(-0.02, 0.02, (N, 2))
    species = np.repeat([FIRST_SPECIES + 10 * i for i in range(4)], list(KINGDOMS.values()))
    return ids, [tuple(each) for each in places.round(5).tolist()], species.tolist()


def make_secret_season(folder: Path, rules: Mapping[str, str] | None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{i};{lat};{lon};{s}" for i, (lat, lon), s in zip(*truth(), strict=True)]
    (folder / "truth.csv").write_text("\n".join(["id;lat;lon;species_id", *rows, ""]))
    listed = [f"{FIRST_SPECIES + 10 * i};{kingdom}" for i, kingdom in enumerate(KINGDOMS)]
    others = [f"{FIRST_SPECIES + 10 * i};Plantae" for i in range(4, 9)]
    (folder / "species.csv").write_text("\n".join(["species_id;kingdom", *listed, *others, ""]))
    settings = "".join(f"{key} = {value}\n" for key, value in (rules or {}).items())
    (folder / "competition.toml").write_text(
        '[competition]\nname = "Secrets"\nk = 2\ntruth = "truth.csv"\nspecies = "species.csv"\n'
        f"[leaderboard]\n{settings}"
    )
    return folder


def write_secret_run(path: Path, seed: int, *, skill: float, invalid: bool) -> Path:
    ids, _, species = truth()
    rng = np.random.default_rng(seed)
    known = FIRST_SPECIES + 10 * np.arange(9)
    scores = rng.random((N, 9)) + skill * (known == np.array(species)[:, np.newaxis])
    rows = ["occurrence_id;species_id;probability"]
    for i, row in zip(ids, scores, strict=True):
        rows += [f"{i};{known[j] + invalid};{row[j]:.6f}" for j in np.argsort(-row)[:6]]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*rows, ""]))
    return path


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Season:
    runs = [HandedIn(f"team {i}", f"run {i}", 0.2 * i) for i in range(4)]
    runs += [HandedIn("team 9", "bad", invalid=True), HandedIn("team 9", "perfect", 9.0)]
    folder = tmp_path_factory.mktemp("secrets")
    return scored_season(folder, runs, RULES, make=make_secret_season, write=write_secret_run)


def built(season: Season, folder: Path, *, now: datetime, public: bool = True) -> dict[str, str]:
    """Return the text of all files of a site by name."""
    options = SiteOptions(as_of=OPEN, public=public)
    site = build_site(season, folder / "site", options, now=now).index.parent
    return {path.relative_to(site).as_posix(): path.read_text() for path in site.rglob("*") if path.is_file()}


@pytest.mark.parametrize("now", [OPEN, CLOSED])
def test_no_file_names_a_species_or_an_occurrence_of_the_truth(
    now: datetime, season: Season, tmp_path: Path
) -> None:
    ids, places, species = truth()
    secrets = {str(each) for each in (*ids, *species)} | {str(x) for place in places for x in place}
    for name, text in built(season, tmp_path, now=now).items():
        assert not secrets & set(re.findall(r"[\d.]+", text)), name


def test_organizers_are_told_examples_which_names_them(season: Season, tmp_path: Path) -> None:
    """The test above would find them."""
    texts = built(season, tmp_path, now=OPEN, public=False)
    assert any(str(FIRST_SPECIES + 1) in text for text in texts.values())


@pytest.mark.parametrize("now", [OPEN, CLOSED])
def test_no_list_is_as_long_as_the_truth_or_its_places(now: datetime, season: Season, tmp_path: Path) -> None:
    n_units = len(season.ground.units.units)
    n_cells = sum(len(each.x) for each in cell_maps(season.ground, least=LEAST_TOLD))
    assert n_cells < n_units
    for name, text in built(season, tmp_path, now=now).items():
        if name.endswith(".json") and name != "glckit-site.json":
            assert max(map(len, _lists(json.loads(text))), default=0) < n_units, name


def test_parts_of_few_are_not_told_nor_can_they_be_concluded(season: Season, tmp_path: Path) -> None:
    texts = built(season, tmp_path, now=CLOSED)
    assert not any("Fungi" in text or "Chromista" in text for text in texts.values())
    for name, text in texts.items():
        if not (name.startswith("runs/") and name.endswith(".json")):
            continue
        told = json.loads(text)
        assert all(part["n_occurrences"] >= LEAST_TOLD for part in told["breakdown"])
        for by in {part["by"] for part in told["breakdown"]}:
            n = sum(part["n_occurrences"] for part in told["breakdown"] if part["by"] == by)
            assert n == N or n <= N - LEAST_TOLD
        assert all(each["n_occurrences"] >= LEAST_TOLD for each in told["set_sizes"])
    assert any("Animalia" in text for text in texts.values())


@pytest.mark.parametrize("now", [OPEN, CLOSED])
def test_who_did_well_within_a_cell_changes_nothing(now: datetime, season: Season, tmp_path: Path) -> None:
    """Occurrences of a cell of a map change what they contribute: no file of the site is another."""
    rng = np.random.default_rng(3)
    order = np.arange(N)
    (cells,) = cell_maps(season.ground, least=LEAST_TOLD)
    of_occurrences = cells.of_units[season.ground.units.units.numbers]
    for cell in np.unique(of_occurrences):
        inside = np.flatnonzero(of_occurrences == cell)
        order[inside] = rng.permutation(inside)

    def evidence(number: int) -> Evidence:
        kept = season.evidence(number)
        whole = kept.parts["whole"]
        assert (whole.values[order] != whole.values).any() or whole.values.all()
        return replace(kept, parts={**kept.parts, "whole": replace(whole, values=whole.values[order])})

    shuffled = replace(season, evidence=evidence)
    assert built(shuffled, tmp_path / "a", now=now) == built(season, tmp_path / "b", now=now)


def test_until_the_season_closes_nothing_depends_on_what_is_private(season: Season, tmp_path: Path) -> None:
    """Other scores on the private part and on the whole: no file of the site is another."""
    other = replace(
        season,
        submissions=tuple(map(with_other_secrets, season.submissions)),
        evidence=lambda number: with_other_evidence(season.evidence(number)),
    )
    assert built(other, tmp_path / "a", now=OPEN) == built(season, tmp_path / "b", now=OPEN)
    assert built(other, tmp_path / "a", now=CLOSED) != built(season, tmp_path / "b", now=CLOSED)


def with_other_secrets(submission: Submission) -> Submission:
    parts: dict[TruthPart, PartScores] = {}
    for name, part in submission.parts.items():
        parts[name] = replace(part, threshold=0.125, mean_set_size=1.5)
        if name != "public":
            scores = {metric: score / 3 for metric, score in part.scores.items()}
            parts[name] = replace(parts[name], scores=scores, intervals={}, signature="x")
    warnings = [{"code": "budget-lost", "severity": "warning", "count": 77, "message": "x", "fix": "y"}]
    return replace(submission, parts=parts, breakdown=(), warnings=warnings, replaced=("old",))


def with_other_evidence(kept: Evidence) -> Evidence:
    parts: dict[TruthPart, PartEvidence] = {}
    for name, part in kept.parts.items():
        parts[name] = replace(part, set_sizes=part.set_sizes + 1)  # a run can be made so that these tell
        if name != "public":
            parts[name] = replace(parts[name], score=0.5, values=1 - part.values)
    return Evidence(parts, None)


def test_until_the_season_closes_nobody_learns_the_seed_that_draws_the_private_part(
    season: Season, tmp_path: Path
) -> None:
    assert not [name for name, text in built(season, tmp_path, now=OPEN).items() if str(SEED) in text]
    assert [name for name, text in built(season, tmp_path, now=CLOSED).items() if str(SEED) in text]


def test_old_scores_do_not_tell_the_seed_that_changed(season: Season, tmp_path: Path) -> None:
    old = replace(season, stale=f"the seed was 5 and is {SEED}", yardstick="another")
    texts = built(old, tmp_path, now=OPEN)
    assert not [name for name, text in texts.items() if str(SEED) in text]
    assert "what they are measured by has changed" in texts["index.html"]
    assert str(SEED) in built(old, tmp_path, now=OPEN, public=False)["index.html"]


def test_a_season_without_an_end_keeps_its_private_part(season: Season, tmp_path: Path) -> None:
    rules = replace(season.rules, closes=None)
    endless = replace(season, competition=replace(season.competition, leaderboard=rules))
    texts = built(endless, tmp_path, now=CLOSED)
    assert 'data-part="whole"' not in texts["index.html"]
    assert json.loads(texts["data/season.json"])["parts"] == ["public"]


def test_what_the_clock_says_counts_not_what_is_asked_for(season: Season, tmp_path: Path) -> None:
    site = build_site(season, tmp_path / "site", SiteOptions(as_of=CLOSED, public=True), now=OPEN)
    assert site.keeps_private
    assert 'data-part="private"' not in site.index.read_text()


def _lists(data: Any) -> Iterator[list[Any]]:
    if isinstance(data, list):
        yield data
    for each in data.values() if isinstance(data, dict) else data if isinstance(data, list) else []:
        yield from _lists(each)
