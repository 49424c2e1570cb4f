"""Reading rasters at the places of occurrences: the cell rule, masks, and files that must be refused."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.transform import rowcol
from rasterio.warp import transform as warp
from telling import Counted

from baselines.covariates.rasters.cells import Axis, Grid, plan_reading
from baselines.covariates.rasters.extraction import EnvironmentalVectors, extract_vectors
from baselines.covariates.rasters.geotiff import inspect_raster, is_nodata
from baselines.covariates.rasters.layout import RASTER_NAMES, RasterLayout
from baselines.covariates.rasters.normalisation import fit_normalisation
from baselines.covariates.rasters.projection import project
from submissions.errors import BadInputError, CannotCheckError, UsageError
from submissions.tables import read_occurrences


def _north_up(west: float, north: float, width: float, height: float) -> Affine:
    # rasterio's from_origin warns of a change to come in affine, and warnings are errors here.
    return Affine(width, 0, west, 0, -height, north)


def _corners(transform: Affine, n_rows: int, n_columns: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return x and y of all inner corners of cells."""
    columns, rows = np.meshgrid(np.arange(1.0, n_columns), np.arange(1.0, n_rows))
    return columns.ravel() * transform.a + transform.c, rows.ravel() * transform.e + transform.f


# 20 x 30 cells of half a degree over the south of France.
FRANCE = _north_up(-5.0, 51.0, 0.5, 0.5)
CELLS = np.arange(600, dtype=np.int32).reshape(20, 30)


def _write(folder: Path, cells: NDArray[Any] = CELLS, *, name: str = "bio_1_FR", **profile: Any) -> Path:
    path = folder / name.rsplit("_", 1)[0] / f"{name}.tif"
    path.parent.mkdir(parents=True, exist_ok=True)
    bands = cells if cells.ndim == 3 else cells[None]
    described = {"crs": "EPSG:4326", "transform": FRANCE, "dtype": cells.dtype} | profile
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        count, height, width = bands.shape
        with rasterio.open(
            path, "w", driver="GTiff", count=count, height=height, width=width, **described
        ) as dataset:
            dataset.write(bands)
    return path


def _extract(
    folder: Path, latitudes: Any, longitudes: Any, *, nodata: dict[str, float] | None = None, **options: Any
) -> EnvironmentalVectors:
    layout = RasterLayout(folder, options.pop("names", ["bio_1"]), nodata or {})
    region = options.pop("regions", "fr")
    return extract_vectors(latitudes, longitudes, regions=region, layout=layout, **options)


# ---------------------------------------------------------------- the cell rule


def test_left_and_top_edges_are_closed_right_and_bottom_open(tmp_path: Path) -> None:
    _write(tmp_path)
    # Corners and edges of the raster, and of the cell in row 2, column 3 (south edge 49.5, west edge -3.5).
    latitudes = [51.0, 51.0, 41.0, 41.0, 50.0, 49.5, 50.0, 49.75, 41.25]
    longitudes = [-5.0, 10.0, -5.0, 9.75, -3.5, -3.5, -3.0, -3.25, 9.75]
    vectors = _extract(tmp_path, latitudes, longitudes)
    assert vectors.outside[:, 0].tolist() == [False, True, True, True, False, False, False, False, False]
    inside = vectors.values[~vectors.outside[:, 0], 0]
    assert inside.tolist() == [0, 2 * 30 + 3, 3 * 30 + 3, 2 * 30 + 4, 2 * 30 + 3, 19 * 30 + 29]
    assert np.isnan(vectors.values[vectors.outside]).all()


@pytest.mark.parametrize("step", [1 / 120, 1 / 480, 0.0083333333, 0.013])
def test_cells_are_those_of_rowcol_to_the_last_bit(step: float) -> None:
    transform = _north_up(-5.2, 51.3, step, step)
    inverse = ~transform
    x = Axis(transform.c, transform.a, 1500, inverse.a, inverse.c)
    y = Axis(transform.f, transform.e, 700, inverse.e, inverse.f)
    xs, ys = _corners(transform, 700, 1500)
    expected_rows, expected_columns = rowcol(transform, xs, ys)
    assert np.array_equal(x.cells(xs)[0], expected_columns)
    assert np.array_equal(y.cells(ys)[0], expected_rows)
    assert not x.cells(xs)[1].any()
    assert not y.cells(ys)[1].any()


@settings(deadline=None)
@given(
    origin=st.floats(-130, 60),
    step=st.floats(1e-3, 1).flatmap(lambda step: st.sampled_from([step, -step])),
    n_cells=st.integers(1, 5000),
)
def test_outer_edges_hold_whatever_the_rounding(origin: float, step: float, n_cells: int) -> None:
    inverse = ~Affine(step, 0, origin, 0, step, origin)
    axis = Axis(origin, step, n_cells, inverse.a, inverse.c)
    last = origin + step * n_cells
    towards = np.sign(step) * np.inf
    coordinates = np.array(
        [origin, np.nextafter(origin, -towards), last, np.nextafter(last, -towards), np.nan, np.inf]
    )
    cells, outside = axis.cells(coordinates)
    assert outside.tolist() == [False, True, True, False, True, True]
    assert cells[[0, 3]].tolist() == [0, n_cells - 1]


def test_nothing_wraps_around(tmp_path: Path) -> None:
    _write(tmp_path)
    latitudes = np.array([51.2, 40.9, 48.0, 48.0, 51.1])
    longitudes = np.array([2.0, 2.0, -5.1, 10.1, -5.1])
    vectors = _extract(tmp_path, latitudes, longitudes)
    assert vectors.outside.all()
    assert np.isnan(vectors.values).all()
    assert vectors.n_outside == 5
    assert vectors.n_nodata == 0


@pytest.mark.parametrize(
    "profile",
    [
        {"blockysize": 1},
        {"blockysize": 7, "compress": "deflate"},
        {"blockysize": 301},
        {"tiled": True, "blockxsize": 16, "blockysize": 32, "compress": "lzw"},
        {"tiled": True, "blockxsize": 512, "blockysize": 512},
    ],
    ids=["rows", "strips", "one strip", "tiles", "one tile"],
)
def test_any_blocks_read_as_sample_reads(tmp_path: Path, profile: dict[str, Any]) -> None:
    generator = np.random.default_rng(3)
    cells = generator.integers(-500, 500, (301, 417)).astype(np.int16)
    path = _write(tmp_path, cells, transform=_north_up(-5.0, 51.0, 0.03, 0.03), **profile)
    latitudes, longitudes = generator.uniform(41.9, 51.1, 2000), generator.uniform(-5.1, 7.6, 2000)
    vectors = _extract(tmp_path, latitudes, longitudes)
    with rasterio.open(path) as dataset:
        expected = np.array(list(dataset.sample(zip(longitudes, latitudes, strict=True))))
        edges = dataset.bounds
    outside = (latitudes > edges.top) | (latitudes <= edges.bottom)
    outside |= (longitudes < edges.left) | (longitudes >= edges.right)
    assert np.array_equal(vectors.outside[:, 0], outside)
    assert np.array_equal(vectors.values[~outside], expected[~outside])


@settings(deadline=None)
@given(
    seed=st.integers(0, 1000),
    shape=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    block=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    window_cells=st.integers(1, 500),
)
def test_plans_cover_every_point_once_in_order(
    seed: int, shape: tuple[int, int], block: tuple[int, int], window_cells: int
) -> None:
    generator = np.random.default_rng(seed)
    xs, ys = generator.uniform(-5, 65, 200), generator.uniform(-5, 65, 200)
    grid = Grid("", Axis(0, 1, shape[1], 1, 0), Axis(0, 1, shape[0], 1, 0), block)
    plan = plan_reading(grid, xs, ys, window_cells=window_cells)
    inside = (xs >= 0) & (xs < shape[1]) & (ys >= 0) & (ys < shape[0])
    assert np.array_equal(plan.outside, ~inside)
    assert sorted(plan.points.tolist()) == np.flatnonzero(inside).tolist()
    one_block = min(block[0], shape[0]) * min(block[1], shape[1])
    reached = 0
    for window in plan.windows:
        assert window.points.start == reached
        reached = window.points.stop
        assert window.height * window.width <= max(window_cells, one_block)
        points = plan.points[window.points]
        rows, columns = np.floor(ys[points]).astype(int), np.floor(xs[points]).astype(int)
        assert np.array_equal(
            plan.cells[window.points], (rows - window.row) * window.width + columns - window.column
        )
        assert rows.min() == window.row
        assert rows.max() == window.row + window.height - 1
        assert columns.min() == window.column
        assert columns.max() == window.column + window.width - 1
    assert reached == len(plan.points)
    assert [window.row // min(block[0], shape[0]) for window in plan.windows] == sorted(
        window.row // min(block[0], shape[0]) for window in plan.windows
    )


def test_a_raster_that_runs_northwards(tmp_path: Path) -> None:
    _write(tmp_path, transform=Affine(0.5, 0, -5.0, 0, 0.5, 41.0))
    vectors = _extract(tmp_path, [41.0, 41.2, 50.9, 51.0], [-5.0, -5.0, -5.0, -5.0])
    assert vectors.outside[:, 0].tolist() == [False, False, False, True]
    assert vectors.values[:3, 0].tolist() == [0, 0, 19 * 30]


# ---------------------------------------------------------------- reference systems and regions


@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:3857"])
def test_places_are_brought_to_the_system_of_the_raster(tmp_path: Path, crs: str) -> None:
    places = np.random.default_rng(0).uniform([42.5, -4.0], [50.5, 7.5], (3000, 2))
    corner = np.array(warp("EPSG:4326", crs, [-5.0], [51.2])).ravel()
    transform = _north_up(corner[0], corner[1], 10_000, 10_000)
    cells = np.arange(150 * 160, dtype=np.int32).reshape(150, 160)
    path = _write(tmp_path, cells, crs=crs, transform=transform)
    vectors = _extract(tmp_path, places[:, 0], places[:, 1])
    xs, ys = warp("EPSG:4326", crs, places[:, 1], places[:, 0])
    with rasterio.open(path) as dataset:
        expected = np.array(list(dataset.sample(zip(xs, ys, strict=True))))
    assert (~vectors.outside).mean() > 0.9
    assert np.array_equal(vectors.values[~vectors.outside], expected[~vectors.outside])


def test_a_place_off_the_projection_is_outside() -> None:
    latitudes, longitudes = np.full(50, 46.5), np.full(50, 3.0)
    latitudes[17], longitudes[17] = -90.0, 180.0  # the pole that Lambert's cone never reaches
    xs, ys = project(latitudes, longitudes, crs="EPSG:2154")
    assert np.flatnonzero(~np.isfinite(ys)).tolist() == [17]
    assert np.allclose(xs[:17], 700_000)


def test_each_region_is_read_from_its_own_rasters(tmp_path: Path) -> None:
    _write(tmp_path)
    _write(tmp_path, -CELLS, name="bio_1_USA", transform=_north_up(-100, 45, 0.5, 0.5))
    vectors = _extract(tmp_path, [50.9, 44.9, 50.9], [-4.9, -99.4, -4.4], regions=["fr", "us", "fr"])
    assert vectors.values[:, 0].tolist() == [0, -1, 1]


def test_only_the_rasters_of_the_regions_at_hand_are_opened(tmp_path: Path) -> None:
    told = Counted()
    _write(tmp_path)
    _extract(tmp_path, [50.9], [-4.9], progress=told)
    assert told.done == told.totals == {"reading rasters": 1}


def test_no_places_make_no_vectors(tmp_path: Path) -> None:
    vectors = _extract(tmp_path, [], [], names=RASTER_NAMES)
    assert vectors.values.shape == (0, 27)
    assert vectors.names == RASTER_NAMES


# ---------------------------------------------------------------- nodata


@pytest.mark.parametrize(
    ("dtype", "nodata"),
    [
        ("int32", -(2**31)),
        ("float32", 3.4e38),
        ("float32", -3.4028234663852886e38),
        ("uint8", 127),
        ("uint8", 255),
        ("int16", -32768),
        ("float64", -9999.0),
        ("float32", float("nan")),
    ],
)
def test_tagged_nodata_is_masked(tmp_path: Path, dtype: str, nodata: float) -> None:
    cells = np.full((20, 30), 7, dtype=dtype)
    cells[0, 0] = nodata
    _write(tmp_path, cells, nodata=nodata)
    vectors = _extract(tmp_path, [50.9, 50.9], [-4.9, -4.4])
    assert vectors.nodata[:, 0].tolist() == [True, False]
    assert np.isnan(vectors.values[0, 0])
    assert vectors.values[1, 0] == 7
    assert not vectors.outside.any()
    assert vectors.complete.tolist() == [False, True]
    assert vectors.n_nodata == 1


def test_without_tag_and_setting_nothing_is_nodata(tmp_path: Path) -> None:
    cells = np.array([[0, -(2**31), 127, 2**31 - 1]], dtype=np.int32)
    _write(tmp_path, cells)
    vectors = _extract(tmp_path, [50.9] * 4, [-4.9, -4.4, -3.9, -3.4], dtype=np.float64)
    assert vectors.values[:, 0].tolist() == cells[0].tolist()
    assert not vectors.nodata.any()


def test_a_setting_counts_where_the_file_has_no_tag(tmp_path: Path) -> None:
    cells = np.array([[0, 5, 9]], dtype=np.int32)
    _write(tmp_path, cells)
    _write(tmp_path, cells, name="bio_2_FR", nodata=9)
    setting = {"bio_1": 0, "bio_2": 0}
    vectors = _extract(tmp_path, [50.9] * 3, [-4.9, -4.4, -3.9], names=["bio_1", "bio_2"], nodata=setting)
    assert vectors.nodata.tolist() == [[True, False], [False, False], [False, True]]


def test_what_is_no_finite_number_is_nodata(tmp_path: Path) -> None:
    _write(tmp_path, np.array([[np.nan, np.inf, -np.inf, 1e300, 2.5]]))
    longitudes = [-4.9, -4.4, -3.9, -3.4, -2.9]
    assert _extract(tmp_path, [50.9] * 5, longitudes).nodata[:, 0].tolist() == [True] * 4 + [False]
    doubles = _extract(tmp_path, [50.9] * 5, longitudes, dtype=np.float64)
    assert doubles.nodata[:, 0].tolist() == [True] * 3 + [False] * 2
    assert doubles.values[3:, 0].tolist() == [1e300, 2.5]


@pytest.mark.parametrize("nodata", [-9999, 3.5, float("nan")])
def test_a_tag_that_no_cell_can_have_hides_nothing(nodata: float) -> None:
    assert not is_nodata(np.array([0, 3, 255], dtype=np.uint8), nodata).any()


def test_a_setting_that_no_cell_can_have_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, CELLS.astype(np.uint16))
    with pytest.raises(UsageError, match=r"bio_1_FR.tif is -9999, but its cells are uint16"):
        _extract(tmp_path, [50.9], [-4.9], nodata={"bio_1": -9999})


def test_a_misspelt_nodata_setting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names bio1, bio_20"):
        RasterLayout(tmp_path, nodata={"bio1": 0, "bio_20": 0, "bio_3": 1})


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("profile", "match"),
    [
        ({"crs": None}, "has no coordinate reference system"),
        ({"transform": Affine(0.49, 0.1, -5.0, 0.1, -0.49, 51.0)}, "has a rotated grid"),
        ({"transform": _north_up(-100, 45, 0.5, 0.5)}, r"covers the US .*, but France was expected"),
        ({"transform": _north_up(3, 10, 0.5, 0.5)}, r"covers 0 to 10 N, 3 to 18 E, but France"),
        ({"crs": 'LOCAL_CS["a field",UNIT["metre",1]]'}, "without longitude and latitude"),
    ],
)
def test_unusable_rasters_are_refused_by_name(tmp_path: Path, profile: dict[str, Any], match: str) -> None:
    path = _write(tmp_path, **profile)
    with pytest.raises(BadInputError, match=match) as caught:
        _extract(tmp_path, [50.9], [-4.9])
    assert str(path) in str(caught.value)


def test_two_bands_are_refused(tmp_path: Path) -> None:
    _write(tmp_path, np.stack([CELLS, CELLS]))
    with pytest.raises(BadInputError, match=r"bio_1_FR.tif has 2 bands, but one was expected"):
        _extract(tmp_path, [50.9], [-4.9])


def test_complex_cells_are_refused(tmp_path: Path) -> None:
    _write(tmp_path, CELLS.astype(np.complex64))
    with pytest.raises(BadInputError, match="cells of type complex64"):
        _extract(tmp_path, [50.9], [-4.9])


def test_all_faults_of_a_raster_stand_in_one_message(tmp_path: Path) -> None:
    _write(tmp_path, np.stack([CELLS, CELLS]), crs=None)
    with pytest.raises(BadInputError, match=r"2 bands, but one was expected; it has no coordinate reference"):
        _extract(tmp_path, [50.9], [-4.9])


def test_the_other_region_under_the_name(tmp_path: Path) -> None:
    _write(tmp_path, name="bio_1_USA")
    with pytest.raises(BadInputError, match=r"bio_1_USA.tif covers France .*, but the US was expected"):
        _extract(tmp_path, [40.0], [-100.0], regions="us")


def test_absent_rasters_are_counted_and_named(tmp_path: Path) -> None:
    _write(tmp_path)
    with pytest.raises(CannotCheckError, match=r"26 of 27 .*bio_2_FR.tif.* 23 more") as caught:
        _extract(tmp_path, [50.9], [-4.9], names=RASTER_NAMES)
    assert "bio_1_FR" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"II*\x00" + bytes(100)])
def test_what_is_no_raster_is_refused(tmp_path: Path, content: bytes) -> None:
    path = _write(tmp_path)
    path.write_bytes(content)
    with pytest.raises(CannotCheckError, match=r"Cannot read the raster .*bio_1_FR.tif"):
        _extract(tmp_path, [50.9], [-4.9])


@pytest.mark.parametrize("compress", [None, "deflate"])
def test_a_raster_that_breaks_off_is_refused(tmp_path: Path, compress: str | None) -> None:
    cells = np.random.default_rng(0).integers(0, 30_000, (400, 600)).astype(np.int32)
    profile = {"transform": _north_up(-5.0, 51.0, 0.02, 0.02), "blockysize": 4, "compress": compress}
    path = _write(tmp_path, cells, **profile)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CannotCheckError, match=r"bio_1_FR.tif"):
        _extract(tmp_path, np.linspace(43.1, 50.9, 500), np.linspace(-4.9, 6.9, 500))


@pytest.mark.parametrize(
    ("arguments", "options", "match"),
    [
        (([50.9], [-4.9, 3.0]), {}, "latitudes of shape"),
        (([np.nan], [-4.9]), {}, "a place is not finite"),
        (([50.9], [-4.9]), {"regions": "uk"}, "regions must be among"),
        (([50.9], [-4.9]), {"dtype": np.int32}, "dtype must be float32 or float64, not int32"),
    ],
)
def test_wrong_arguments(tmp_path: Path, arguments: Any, options: dict[str, Any], match: str) -> None:
    _write(tmp_path)
    with pytest.raises(ValueError, match=match):
        _extract(tmp_path, *arguments, **options)


# ---------------------------------------------------------------- normalisation


def test_normalisation_neither_truncates_nor_drowns() -> None:
    # bio_4 of real size: integers around 6500 with a deviation of 2; integer arithmetic gives only -1, 0, 1.
    values = np.array([[6498.0, 1], [6500.0, 1], [6503.0, 1], [np.nan, 1]], dtype=np.float32)
    hidden = np.isnan(values)
    vectors = EnvironmentalVectors(("bio_4", "bio_5"), values, np.zeros_like(hidden), hidden)
    normal = fit_normalisation(vectors).apply(vectors)
    column = values[:3, 0].astype(np.float64)
    assert np.allclose(normal[:3, 0], (column - column.mean()) / column.std(), rtol=1e-6)
    assert np.isnan(normal[3, 0])
    assert normal[:, 1].tolist() == [0, 0, 0, 0]
    assert normal.dtype == np.float32


def test_normalisation_knows_its_rasters() -> None:
    values, off = np.array([[1.0], [2.0]]), np.zeros((2, 1), dtype=np.bool_)
    fitted = fit_normalisation(EnvironmentalVectors(("bio_1",), values, off, off))
    with pytest.raises(ValueError, match="fitted to the rasters"):
        fitted.apply(EnvironmentalVectors(("bio_2",), values, off, off))
    with pytest.raises(ValueError, match="no place has a value in bio_1"):
        fit_normalisation(EnvironmentalVectors(("bio_1",), values * np.nan, off, ~off))


# ---------------------------------------------------------------- real files


def test_the_real_crops_read_as_sample_reads(tmp_path: Path, realdata: Path) -> None:
    names = [f"bio_{number}" for number in range(1, 5)]
    for name in names:
        link = tmp_path / name / f"{name}_FR.tif"
        link.parent.mkdir()
        link.symlink_to(realdata / "rasters" / f"malpolon_{name}_crop_sample.tif")
    with rasterio.open(tmp_path / "bio_1" / "bio_1_FR.tif") as dataset:
        bounds, transform, (height, width) = dataset.bounds, dataset.transform, dataset.shape
    generator = np.random.default_rng(20)
    corner_xs, corner_ys = _corners(transform, height, width)
    xs = np.concatenate([generator.uniform(bounds.left, bounds.right, 20_000), corner_xs])
    ys = np.concatenate([generator.uniform(bounds.bottom, bounds.top, 20_000), corner_ys])
    vectors = _extract(tmp_path, ys, xs, names=names)
    assert not vectors.outside.any()
    for column, name in enumerate(names):
        with rasterio.open(tmp_path / name / f"{name}_FR.tif") as dataset:
            expected = np.array(list(dataset.sample(zip(xs, ys, strict=True)))).ravel()
            hidden = (
                np.zeros(len(xs), dtype=np.bool_) if dataset.nodata is None else expected == dataset.nodata
            )
        assert np.array_equal(vectors.nodata[:, column], hidden)
        assert np.array_equal(vectors.values[~hidden, column], expected[~hidden])
    assert vectors.n_nodata == np.count_nonzero(vectors.nodata[:, 2])  # only bio_3 is tagged
    assert vectors.n_nodata > 100


def test_98_real_us_occurrences_are_south_of_the_rasters(tmp_path: Path, realdata: Path) -> None:
    cells = np.arange(100 * 240, dtype=np.int32).reshape(100, 240)
    path = _write(tmp_path, cells, name="bio_1_USA", transform=_north_up(-126.0, 50.0, 0.25, 0.25))
    assert rasterio.open(path).bounds.bottom == 25.0
    table = read_occurrences(realdata / "occurrences" / "occurrences_us_test.csv")
    vectors = _extract(tmp_path, table.latitudes, table.longitudes, regions="us")
    assert vectors.n_outside == 98
    assert np.array_equal(vectors.outside[:, 0], table.latitudes <= 25.0)
    assert np.array_equal(vectors.complete, table.latitudes > 25.0)


def test_inspection_tells_what_a_raster_is(tmp_path: Path) -> None:
    raster = inspect_raster(_write(tmp_path, nodata=-1, blockysize=4), region="fr")
    assert raster.nodata == -1
    assert raster.dtype == np.int32
    assert (raster.grid.y.n_cells, raster.grid.x.n_cells) == (20, 30)
    assert raster.grid.block_shape == (4, 30)
