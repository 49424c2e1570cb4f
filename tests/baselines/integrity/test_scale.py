"""Verification in processes, on a cluster, in parts, killed, and twice at once: always the same end."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import joblib
import numpy as np
import pytest
from patches_on_disk import PATCH_SIZE, make_ids, make_patch, make_table, path_of, write_archives, write_tree
from settling import let_settle

from baselines.covariates.patches.layout import relative_path
from baselines.integrity.extraction.staging import Staging
from baselines.integrity.manifests.digests import Proof
from baselines.integrity.memory.records import Record
from baselines.integrity.memory.state import State
from baselines.integrity.options import VerifyOptions
from baselines.integrity.patches.patch import CheckedPatch
from baselines.integrity.places import archive_of
from baselines.integrity.report import PatchReport
from baselines.integrity.trees.execution import run_portions
from baselines.integrity.trees.folder import FolderTask
from baselines.integrity.verify import verify_patches
from submissions.errors import CannotCheckError
from submissions.files import scratch_folder

IDS = make_ids(150, 250)
OPTIONS = VerifyOptions(patch_size=PATCH_SIZE)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archives(tmp_path_factory.mktemp("packed"), IDS)


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_tree(tmp_path_factory.mktemp("damaged"), IDS)
    for i in IDS[::7]:
        os.truncate(path_of(root, i), 5000)
    for i in IDS[3::11]:
        path_of(root, i, "altitude").unlink()
    let_settle()
    return root


def verify(root: Path, **options: object) -> PatchReport:
    return verify_patches([root], np.array(IDS), options=dataclasses.replace(OPTIONS, **options))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def alone(damaged: Path) -> PatchReport:
    report = verify(damaged)
    assert len(report.damaged_ids) > 60
    return report


def test_processes_find_the_same(damaged: Path, alone: PatchReport) -> None:
    assert verify(damaged, jobs=2).to_json() == alone.to_json()


@pytest.mark.parametrize("backend", ["threading", "sequential"])
def test_any_joblib_backend_finds_the_same(damaged: Path, alone: PatchReport, backend: str) -> None:
    with joblib.parallel_config(backend=backend, n_jobs=2):
        assert verify(damaged, jobs=None).to_json() == alone.to_json()


@pytest.mark.filterwarnings("ignore")  # of distributed and tornado, whatever they are this month
def test_dask_cluster_of_two_workers_finds_the_same(damaged: Path, alone: PatchReport) -> None:
    distributed = pytest.importorskip("distributed", reason="dask[distributed] is not installed")
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client, joblib.parallel_config(backend="dask"):
        assert len(client.scheduler_info()["workers"]) == 2
        assert verify(damaged, jobs=None).to_json() == alone.to_json()


def test_death_of_a_worker_is_a_failure(damaged: Path) -> None:
    deadly = Proof(b"", lambda _: os._exit(1))
    folder = f"{IDS[1] % 100:02d}/{IDS[1] // 100 % 100:02d}"
    home = str(path_of(damaged, IDS[1]).parent)
    task = FolderTask("us", folder, home, (home,), (IDS[1],), proofs={IDS[1]: (deadly, deadly)})
    with pytest.raises(CannotCheckError, match="died"):
        list(run_portions([[task]] * 4, VerifyOptions(patch_size=PATCH_SIZE, jobs=2)))


def test_parts_join_to_the_whole(damaged: Path, alone: PatchReport) -> None:
    parts = [verify(damaged, subset=(i, 4)) for i in (1, 2, 3, 4)]
    assert sorted(i for part in parts for i in part.damaged_ids) == list(alone.damaged_ids)
    assert sorted(i for part in parts for i in part.checked_ids.tolist()) == IDS


def test_state_continues_and_never_outlives_a_change(
    damaged: Path, tmp_path: Path, alone: PatchReport
) -> None:
    root = Path(shutil.copytree(damaged, tmp_path / "tree"))
    state = tmp_path / "state"
    let_settle()
    assert verify(root, state=state).n_remembered == 0
    again = verify(root, state=state)
    assert again.n_remembered == len(IDS)
    assert again.damaged_ids == alone.damaged_ids
    assert verify(root, state=state, level="quick").n_remembered == len(IDS)
    deep = dataclasses.replace(OPTIONS, state=state, level="deep")
    assert verify_patches([root], make_table(IDS), options=deep).n_remembered == 0
    assert verify_patches([root], make_table(IDS), options=deep).n_remembered == len(IDS)
    victim = path_of(root, IDS[1])
    before = victim.stat()
    raw = bytearray(victim.read_bytes())
    raw[4096:4608] = bytes(512)
    victim.write_bytes(raw)
    os.utime(victim, ns=(before.st_atime_ns, before.st_mtime_ns))  # size, mtime and inode are as they were
    changed = verify(root, state=state)
    assert set(changed.damaged_ids) - set(alone.damaged_ids) == {IDS[1]}
    assert changed.n_remembered == len(IDS) - 1


def test_settings_that_matter_are_kept_apart(damaged: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    verify(damaged, state=state)
    thresholds = dataclasses.replace(OPTIONS.limits, max_classes=2)
    strict = verify(damaged, state=state, thresholds=thresholds)
    assert strict.n_remembered == 0
    assert strict.counts["implausible"] > 100


def test_states_of_two_writers_join(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("baselines.integrity.memory.state._SECONDS_BETWEEN_WRITES", -1)
    first, second = (State(VerifyOptions(state=tmp_path / "state")) for _ in range(2))
    for number in range(50):
        record = Record({number: CheckedPatch(number, [], "status")})
        (first if number % 2 else second).remember([(f"folder{number}", record)])
    assert len(first.recall([f"folder{number}" for number in range(50)])) == 50
    first.close()
    second.close()
    with sqlite3.connect(tmp_path / "state") as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    connection.close()


def test_file_just_written_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("baselines.integrity.trees.folder.YOUNG_NS", 1_500_000_000)  # on a busy machine
    root = write_tree(tmp_path / "tree", IDS[:3])
    time.sleep(1.6)
    path_of(root, IDS[1]).touch()
    options = dataclasses.replace(OPTIONS, state=tmp_path / "state")
    verify_patches([root], np.array(IDS[:3]), options=options)
    assert verify_patches([root], np.array(IDS[:3]), options=options).n_remembered == 2


def test_time_limit_leaves_the_rest_unchecked(damaged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.arange(0, 1000, 1.0).tolist())
    monkeypatch.setattr("baselines.integrity.trees.execution.time.monotonic", lambda: next(clock))
    report = verify(damaged, max_duration=4)
    assert 0 < len(report.checked_ids) < len(IDS)
    assert sorted([*report.checked_ids, *report.unchecked_ids]) == IDS


def test_staging_of_the_dead_is_removed_and_of_the_living_is_not(tmp_path: Path) -> None:
    dead = tmp_path / ".glckit-0123456789ab.scratch"
    dead.mkdir()
    (dead / "half").write_text("x")
    with Staging(tmp_path) as staging:
        first = next(staging.folders_for(tmp_path))
        assert not dead.exists()
        (first / "mine").write_text("x")
        with scratch_folder(tmp_path) as second:
            assert first != second
            assert (first / "mine").exists()
    assert list(tmp_path.iterdir()) == []


# From here on, processes are killed.


def glckit(
    *arguments: object, cache: Path, program: tuple[str, ...] = ("-m", "glckit")
) -> subprocess.Popen[str]:
    environment = os.environ | {"XDG_CACHE_HOME": str(cache)}
    for name in ("GLCKIT_COMPETITION", "GLCKIT_DATA", "GLCKIT_TRUTH"):
        environment.pop(name, None)
    command = [sys.executable, *program, *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, env=environment, cwd=cache, **pipes)  # type: ignore[call-overload,no-any-return]


def configured(root: Path) -> Path:
    root.mkdir(exist_ok=True)
    (root / "competition.toml").write_text(
        f'[competition]\ntest = ["all.csv"]\n[data]\npatch_size = {PATCH_SIZE}\n'
    )
    (root / "all.csv").write_text("id;lat;lon\n" + "".join(f"{i};45;3\n" for i in IDS))
    return root


def contents(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if not p.is_dir()}


def kills(
    start: Callable[[], subprocess.Popen[str]],
    *,
    n_kills: int,
    seed: int,
    seconds: float,
    reset: Callable[[], object],
) -> Iterator[int]:
    """Start a command and kill it at a random moment, again and again; yield after each kill.

    One that ends before it is killed does not count; then, and after every fifth kill, all begins anew.
    """
    rng = np.random.default_rng(seed)
    n_struck = 0
    while n_struck < n_kills:
        process = start()
        time.sleep(seconds * rng.uniform(0.35, 0.95))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == -signal.SIGKILL:
            n_struck += 1
            yield n_struck
        else:
            seconds *= 0.8  # the machine has become faster
        if process.returncode != -signal.SIGKILL or (n_struck % 5 == 0 and n_struck < n_kills):
            reset()


def duration(start: Callable[[], subprocess.Popen[str]]) -> float:
    began = time.monotonic()
    process = start()
    process.communicate()
    return time.monotonic() - began


def packed_contents() -> dict[str, bytes]:
    found = {}
    for i in IDS:
        home = "patches_fr" if i >= 10_000_000 else archive_of(i)
        for kind, content in zip(("bands", "altitude"), make_patch(i), strict=True):
            found[f"{home}/{relative_path(i, kind)}"] = content  # type: ignore[arg-type]
    return found


def kill_extraction(packed: Path, folder: Path, *, n_kills: int, seed: int) -> None:
    archives = sorted(packed.iterdir())
    seconds = duration(lambda: glckit("extract", *archives, "-o", configured(folder / "free"), cache=folder))
    out = configured(folder / "out")
    start = lambda: glckit("extract", *archives, "-o", out, cache=folder)  # noqa: E731
    wanted = packed_contents()

    def reset() -> None:
        shutil.rmtree(out)
        configured(out)

    for _ in kills(start, n_kills=n_kills, seed=seed, seconds=seconds, reset=reset):
        for path in out.rglob("patches_*/**/*.npy"):
            if ".glckit-" not in str(path):
                assert path.read_bytes() == wanted[str(path.relative_to(out))]
    _, errors = (process := start()).communicate()
    assert process.returncode == 0, errors
    assert contents(out) == contents(folder / "free")


def kill_repair(packed: Path, damaged: Path, folder: Path, *, n_kills: int, seed: int) -> None:
    trees = [configured(Path(shutil.copytree(damaged, folder / name))) for name in ("free", "killed")]
    command = lambda tree: glckit(  # noqa: E731
        "verify-patches", tree, "--repair", "--archives", packed, "--no-cache", cache=folder
    )
    seconds = duration(lambda: command(trees[0]))
    old, new = contents(trees[1]), contents(trees[0])

    def reset() -> None:
        shutil.rmtree(trees[1])
        configured(Path(shutil.copytree(damaged, trees[1])))

    for _ in kills(lambda: command(trees[1]), n_kills=n_kills, seed=seed, seconds=seconds, reset=reset):
        for name, content in contents(trees[1]).items():
            if ".glckit-" not in name:
                assert content in (old.get(name), new.get(name))
    _, errors = (process := command(trees[1])).communicate()
    assert process.returncode == 0, errors
    assert contents(trees[1]) == new


# With small portions that are written at once, there is something to remember at every moment.
_IN_SMALL_STEPS = """
import baselines.integrity.memory.state, baselines.integrity.trees.planning
baselines.integrity.memory.state._SECONDS_BETWEEN_WRITES = 0
baselines.integrity.trees.planning._IDS_A_PORTION = 4
from glckit.cli import main
main()
"""


def kill_verification(damaged: Path, folder: Path, *, n_kills: int, seed: int) -> None:
    tree = configured(Path(shutil.copytree(damaged, folder / "tree")))
    let_settle()
    start = lambda cache: glckit(  # noqa: E731
        "verify-patches", tree, "--json", "--jobs", 1, cache=cache, program=("-c", _IN_SMALL_STEPS)
    )
    free, killed = folder / "free", folder / "killed"
    free.mkdir()
    killed.mkdir()
    seconds = duration(lambda: start(free))

    def reset() -> None:
        shutil.rmtree(killed)
        killed.mkdir()

    for _ in kills(lambda: start(killed), n_kills=n_kills, seed=seed, seconds=seconds, reset=reset):
        state = killed / "glckit/verified.sqlite"
        if state.exists():
            with sqlite3.connect(state) as connection:
                assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
            connection.close()
    reports = []
    for cache in (free, killed):
        text, errors = (process := start(cache)).communicate()
        assert process.returncode == 1, errors
        reports.append({key: value for key, value in json.loads(text).items() if key != "cannot_see"})
    assert reports[0] == reports[1]


def test_killed_extractions_continue(packed: Path, tmp_path: Path) -> None:
    kill_extraction(packed, tmp_path, n_kills=4, seed=1)


def test_killed_repairs_continue(packed: Path, damaged: Path, tmp_path: Path) -> None:
    kill_repair(packed, damaged, tmp_path, n_kills=3, seed=2)


def test_killed_verifications_continue(damaged: Path, tmp_path: Path) -> None:
    kill_verification(damaged, tmp_path, n_kills=3, seed=3)


@pytest.mark.slow
def test_a_hundred_kills(packed: Path, damaged: Path, tmp_path: Path) -> None:
    for name in ("extraction", "repair", "verification"):
        (tmp_path / name).mkdir()
    kill_extraction(packed, tmp_path / "extraction", n_kills=40, seed=11)
    kill_repair(packed, damaged, tmp_path / "repair", n_kills=30, seed=12)
    kill_verification(damaged, tmp_path / "verification", n_kills=30, seed=13)
    print("\n100 kills: 40 of extractions, 30 of repairs, 30 of verifications; every end as undisturbed")


def test_two_at_once_do_not_corrupt_each_other(packed: Path, damaged: Path, tmp_path: Path) -> None:
    out = configured(tmp_path / "out")
    archives = sorted(packed.iterdir())
    both = [glckit("extract", *order, "-o", out, cache=tmp_path) for order in (archives, archives[::-1])]
    assert [(p.communicate(), p.returncode)[1] for p in both] == [0, 0]
    assert {n: c for n, c in contents(out).items() if n.endswith(".npy")} == packed_contents()
    tree = configured(Path(shutil.copytree(damaged, tmp_path / "tree")))
    mending = ("verify-patches", tree, "--repair", "--archives", packed)
    both = [glckit(*mending, cache=tmp_path) for _ in range(2)]
    assert [(p.communicate(), p.returncode)[1] for p in both] == [0, 0]
    assert verify(tree).ok
    assert not list(tree.glob(".glckit-*"))
