"""`mho solve`: what it writes and says, resuming, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calling import call
from scipy import io, sparse

from mho.files import RunFolder
from mho.rng import Stream
from mho.runs import equations
from mho.solve.gallery import built_in

WORDS = ["solve", "--matrix", "gallery:poisson2d:8"]


@pytest.fixture(autouse=True)
def entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, and statistics of few cells: figures are not what is tested here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mho.runs.equations.statistics._SIZE", 24)


@pytest.mark.usefixtures("rendered_figures")
def test_a_solution_is_written_with_figure_page_and_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call(*WORDS, "--out", "found", "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(Path("found/result.json").read_text())
    assert found["outcome"] == "converged"
    assert found["relative_residual"] <= 1e-10
    problem = built_in("poisson2d:8", Stream(0).child("gallery"))
    x = np.load("found/solution.npy")
    left = np.linalg.norm(problem.rhs - problem.matrix @ x)
    assert left <= 1.01e-10 * np.linalg.norm(problem.rhs)
    assert Path("found/convergence.png").read_bytes().startswith(b"\x89PNG")
    page = Path("found/report.html").read_text()
    assert "data:image/png;base64," in page
    assert "http" not in page.replace("http-equiv", "")
    assert not Path("found/unfinished").exists()
    # analog and digital costs apart, none of them zero
    for part in (
        found["analog"]["programming"],
        found["analog"]["solving"],
        found["digital"],
        found["digital_alone"],
    ):
        assert part["seconds"] > 0
        assert part["joules"] > 0


def test_the_words_say_method_outcome_and_costs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call(*WORDS, "--seed", "3") == 0
    said = capsys.readouterr().out
    for word in (
        "converged",
        "refine: cg (cg, as the matrix is positive definite by its rows)",
        "writing the matrix, once",
        "digital beside",
        "solution: mho-out/solve-poisson2d-8-refine-seed3/solution.npy",
    ):
        assert word in " ".join(said.split())


class Stopped(KeyboardInterrupt):
    pass


@pytest.mark.parametrize("cells", ["drawn", "physics"])
def test_an_interrupted_run_ends_with_the_same_bits(
    cells: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted before the solution, and twice within it: noise goes on where it was."""
    words = ["solve", "--matrix", "gallery:random:8:9", "--cells", cells]
    words += ["--tolerance", "1e-13", "--cells-per-number", "1"]
    assert call(*words, "--out", "whole") == 0
    wanted = json.loads(Path("whole/result.json").read_text())
    assert wanted["steps"] > 4
    monkeypatch.setattr("mho.files.kept_parts.CHECKPOINT_SECONDS", 0.0)
    name = "mho.cli.work.equations.solve.solve_equations"
    real = equations.solve_equations
    words += ["--out", "parts"]
    for steps in (0, 2, 2):

        def stopping(*given: Any, steps: int = steps) -> Any:
            told = 0

            def progress(stage: str, _: float) -> None:
                nonlocal told
                told += stage.startswith("solving")
                if told > steps:
                    raise Stopped

            return real(*given[:-1], progress)

        monkeypatch.setattr(name, stopping)
        resumed = ["--resume"] if Path("parts").exists() else []
        assert call(*words, *resumed) == 130
    monkeypatch.setattr(name, real)
    assert call(*words, "--resume") == 0
    assert json.loads(Path("parts/result.json").read_text()) == wanted
    assert (
        Path("parts/solution.npy").read_bytes()
        == Path("whole/solution.npy").read_bytes()
    )


def test_the_digital_comparison_is_told_kept_and_taken_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Interrupted after one of its four steps; taken up, it has three to go: the same cost."""
    monkeypatch.setattr("mho.files.kept_parts.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("mho.runs.equations.run._ALONE_STEPS", 4)
    monkeypatch.setattr("mho.runs.equations.run._ALONE_PRODUCTS", 7)
    assert call(*WORDS, "--out", "whole") == 0
    wanted = json.loads(Path("whole/result.json").read_text())
    name = "mho.cli.work.equations.solve.solve_equations"
    real = equations.solve_equations
    told = []

    def stopping(*given: Any, most: int) -> Any:
        def progress(stage: str, _: float) -> None:
            if stage.startswith("digitally"):
                told.append(stage)
                if len(told) > most:
                    raise Stopped

        return real(*given[:-1], progress)

    monkeypatch.setattr(name, lambda *given: stopping(*given, most=1))
    assert call(*WORDS, "--out", "parts") == 130
    told.clear()
    monkeypatch.setattr(name, lambda *given: stopping(*given, most=99))
    assert call(*WORDS, "--out", "parts", "--resume") == 0
    # at the start, after each of three steps, and at the end
    assert len(told) == 5
    assert json.loads(Path("parts/result.json").read_text()) == wanted


def test_a_digital_comparison_that_takes_too_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mho.runs.equations.run._ALONE_STEPS", 2)
    monkeypatch.setattr("mho.runs.equations.run._ALONE_PRODUCTS", 3)
    assert call(*WORDS, "--out", "out") == 0
    found = json.loads(Path("out/result.json").read_text())
    assert found["outcome"] == "converged"
    assert found["digital_alone"] is None
    assert "ended as out of steps after" in found["explanation"][-1]


def test_a_file_of_matrix_market_with_its_right_side(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Half of a symmetric matrix of unlike rows is stored, with comments; the solution is 1."""
    draws = np.random.default_rng(0)
    square = draws.standard_normal((20, 20))
    scale = 10.0 ** draws.integers(-3, 4, 20)
    matrix = scale[:, None] * (square @ square.T + 20 * np.eye(20)) * scale
    matrix = (matrix + matrix.T) / 2
    io.mmwrite(
        "a.mtx",
        sparse.coo_array(matrix),
        comment="of springs\nand masses",
        symmetry="symmetric",
        precision=17,
    )
    np.save("b.npy", matrix @ np.ones(20))
    words = ["solve", "--matrix", "a.mtx", "--rhs", "b.npy", "--json", "-"]
    assert call(*words, "--tolerance", "1e-12", "--out", "out") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["outcome"] == "converged"
    assert found["symmetric"]
    assert "scaled by powers of two" in " ".join(found["explanation"])
    np.testing.assert_allclose(np.load("out/solution.npy"), 1, rtol=1e-8)


def test_what_does_not_converge_is_told_and_is_no_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A single pass with one pair of cells: exit 0, the floor, and what would lower it."""
    words = ["--steps", "1", "--cells-per-number", "1"]
    assert call(*WORDS, *words, "--out", "out") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "out of steps" in said
    assert "A single analog pass ends at its own error" in said
    assert "more cells for each number" in said


@pytest.mark.parametrize(("step", "left"), [(1, "zero"), (7, "rounding")])
def test_ones_are_no_right_side_where_rows_add_up_to_zero(
    step: int, left: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A ring has no fixed end; in sevenths its rows add up to some 1e-17."""
    ring = (
        3 * np.eye(6) - np.roll(np.eye(6), 1, 0) - 2 * np.roll(np.eye(6), 2, 0)
    )
    np.save("A.npy", ring / step * (1 + np.arange(6) % step / step)[:, None])
    words = ["solve", "--matrix", "A.npy", "--steps", "3", "--out"]
    assert call(*words, "random", "--rhs", "random") == 0
    assert "add up to zero" not in capsys.readouterr().out
    assert call(*words, "ones") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"the matrix times ones, is {left}" in said


def test_a_circuit_in_feedback_solves_or_says_why_it_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One pair of cells a number, refined; and a matrix whose feedback does not come to rest."""
    words = ["solve", "--method", "feedback", "--json", "-", "--matrix"]
    assert call(*words, "gallery:random:16:5", "--out", "a") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["outcome"] == "converged"
    assert found["analog_solvers"] == ["feedback"]
    assert found["analog"]["solving"]["seconds"] > 0
    assert call(*words, "gallery:general:32:20", "--out", "b") == 0
    told = json.loads(capsys.readouterr().out)
    rows = dict(equations.solution_rows(told))
    assert "as large as the solution" in rows["error of the solution"]
    assert told["outcome"] == "diverged"
    assert "does not come to rest" in told["explanation"][-1]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (["--matrix", "gallery:poisson2d"], "`matrix` must name built-in"),
        (["--matrix", "missing.mtx"], "does not exist"),
        (["--matrix", "a.txt"], "`matrix` must be a file"),
        (["--rhs", "missing.npy"], "does not exist"),
        (["--rhs", "b.txt"], "`rhs` must be a file"),
        (["--method", "magic"], "`method` must be one of"),
        (["--tolerance", "0"], "`tolerance` must lie within"),
        (["--tolerance", "1e-16"], "`tolerance` must lie within"),
        (["--steps", "0"], "`steps` must lie within"),
        (["--cells", "some"], "`cells` must be one of"),
        (["--conductances", "some"], "`conductances` must be one of"),
        (["--cell-tolerance", "1"], "`cell_tolerance` must"),
        (["--reads", "0"], "`reads` must lie within"),
        (["--converters", "some"], "`converters` must be one of"),
        (
            ["--cells", "physics", "--conductances", "full"],
            "`conductances` must be `array`",
        ),
        (["--cells-per-number", "0"], "`cells_per_number` must lie within"),
        (
            ["--cells-per-number", "2", "--precision", "1e-4"],
            "`precision` must be left out",
        ),
        (
            ["--matrix", "gallery:poisson2d:16", "--tiles", "1"],
            "`tiles` must be at least",
        ),
        (["--chip", "nothing"], "`chip` must"),
        (["--matrix", "gallery:general:8", "--method", "cg"], "not symmetric"),
        (
            ["--matrix", "gallery:poisson1d:2000", "--method", "feedback"],
            "each of which takes an amplifier",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    change: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = dict(zip(WORDS[1::2], WORDS[2::2], strict=True))
    words |= dict(zip(change[::2], change[1::2], strict=True))
    before = sorted(Path.cwd().iterdir())
    given = [word for pair in words.items() for word in pair]
    assert call("solve", *given, "--out", "out") == 2
    said = capsys.readouterr().err
    assert sentence in " ".join(said.split())
    assert "Traceback" not in said
    assert sorted(Path.cwd().iterdir()) == before


def test_a_matrix_whose_blocks_need_too_much_memory_is_refused_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """30,000 entries anywhere in 20,000 rows touch nearly every block, mostly of zeros.

    An estimate says so before there is one.
    """
    draws = np.random.default_rng(0)
    places = draws.integers(0, 20_000, (2, 30_000))
    matrix = sparse.coo_array((np.ones(30_000), places), (20_000, 20_000))
    sparse.save_npz("a.npz", sparse.csr_array(matrix + 9 * sparse.eye(20_000)))
    assert call("solve", "--matrix", "a.npz", "--out", "out") == 2
    said = capsys.readouterr().err
    assert "blocks on tiles needs" in said
    assert "--max-memory" in said
    assert not Path("out").exists()


def test_two_runs_do_not_share_a_folder_unseen() -> None:
    """Another matrix under the same name is another run: a finished one is not shown for it."""
    np.save("a.npy", np.diag([1.0, 2.0]) + 0.1)
    assert call("solve", "--matrix", "a.npy", "--out", "out") == 0
    first = json.loads(Path("out/result.json").read_text())
    np.save("a.npy", np.diag([1.0, 3.0]) + 0.1)
    assert call("solve", "--matrix", "a.npy", "--out", "out", "--resume") == 2
    assert call("solve", "--matrix", "a.npy", "--out", "out") == 0
    assert json.loads(Path("out/result.json").read_text()) != first


def test_the_statistics_of_cells_are_kept_to_the_last_bit(
    tmp_path: Path,
) -> None:
    """Taken up again, the table is the one that was measured."""
    from mho.runs.equations.statistics import statistics_of

    job = equations.SolveJob()
    with RunFolder.open(tmp_path / "run", "solve", "x") as run:
        table = statistics_of(job, run.state("s"), lambda *_: None)
        again = statistics_of(job, run.state("s"), lambda *_: None)
    assert table is not again
    for name in ("error", "variance", "held", "bent"):
        assert np.array_equal(getattr(table, name), getattr(again, name))
    assert table.cost == again.cost
    assert (table.low, table.high) == (again.low, again.high)
