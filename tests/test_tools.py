"""The tools that look at the house count right, in houses small enough to count by hand."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).parents[1] / "tools"


def loaded(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(
        f"tools_{name}", TOOLS / f"{name}.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build(root: Path, files: dict[str, str]) -> Path:
    """Write a small house."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def figures(
    tool: str, *words: str, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    assert loaded(tool).main([*words, "--json", "-"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


# --- prose: `x = 1` is an Assign, a Name, its Store and a Constant, so four nodes

LONG = 'def long():\n    """Not counted."""\n' + "    x = 1\n" * 8
SHORT = "def short():\n" + "    x = f(f(f(1)))\n" * 7


def test_density_is_nodes_by_lines_of_long_bodies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The docstring is no part of a body, and a body of seven lines is too short to count."""
    build(tmp_path, {"house/a.py": LONG + "\n\n" + SHORT})
    found = figures("prose", str(tmp_path), capsys=capsys)
    assert found["overall"]["bodies"] == 1
    assert found["overall"]["median_nodes_per_line"] == 4.0
    (worst,) = found["worst"]
    assert (worst["name"], worst["lines"], worst["nodes"]) == ("long", 8, 32)
    assert worst["place"].endswith("house/a.py:1")


def test_a_statement_on_several_lines_is_thinner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Eight lines of one tuple: Assign, Name, Store, Tuple, Load and six constants, 11 nodes."""
    values = "".join(f"        {n},\n" for n in range(6))
    build(tmp_path, {"a.py": f"def wide():\n    x = (\n{values}    )\n"})
    found = figures("prose", str(tmp_path), capsys=capsys)
    assert found["overall"]["median_nodes_per_line"] == pytest.approx(
        11 / 8, abs=0.005
    )


def test_tuples_skips_and_comments_are_counted_in_code_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is taken apart is no assignment of several, be it a call or a longer row."""
    lines = [
        "a, b = 1, 2",
        "(c, d), e = [3, 4], 5",
        "f, g = divmod(7, 2)",
        "h = 1, 2",
        "k, *m = 1, 2, 3",
        "i = 1  # fmt: skip",
        "# on its own",
        'j = "# fmt: skip"',
        "",
    ]
    build(tmp_path, {"a.py": "\n".join(lines) + "\n"})
    overall = figures("prose", str(tmp_path), capsys=capsys)["overall"]
    assert overall["lines"] == 9
    assert overall["tuple_assignments_per_1000_lines"] == pytest.approx(
        2 / 9 * 1000, abs=0.005
    )
    assert overall["fmt_skips"] == 1
    assert overall["comment_share"] == pytest.approx(2 / 9, abs=5e-5)
    assert overall["comment_line_share"] == pytest.approx(1 / 9, abs=5e-5)


def test_packages_worst_and_long_files_are_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file of 250 or 400 lines is within what it aims at."""
    denser = LONG.replace("x = 1", "x = 1 + 1").replace("long", "denser")
    sizes = {"p/a.py": 250, "p/b.py": 251, "q/c.py": 400, "q/d.py": 401}
    build(tmp_path, {name: "x = 1\n" * size for name, size in sizes.items()})
    build(tmp_path, {"r/e.py": LONG, "s/f.py": denser})
    found = figures("prose", str(tmp_path), "--worst", "1", capsys=capsys)
    assert [Path(name).name for name in found["packages"]] == [
        "p",
        "q",
        "r",
        "s",
    ]
    assert [row["name"] for row in found["worst"]] == ["denser"]
    assert [Path(name).name for name in found["files_over_250_lines"]] == [
        "c.py",
        "b.py",
    ]
    assert [Path(name).name for name in found["files_over_400_lines"]] == [
        "d.py"
    ]


def test_prose_in_brief_is_the_median_and_the_worst(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(tmp_path, {"a.py": LONG})
    assert loaded("prose").main([str(tmp_path), "--brief"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("median 4.0 syntax nodes a line in 1 bodies")
    assert len(said) == 3


@pytest.mark.parametrize("name", ["nowhere", "broken.py", "binary.py"])
def test_what_is_not_python_is_one_sentence(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.py").write_text("def")
    (tmp_path / "binary.py").write_bytes(b"\xff\x00")
    assert loaded("prose").main([str(tmp_path / name)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "must be" in said


# --- rooms

HOUSE = {
    "mho/__init__.py": "from mho.deploy.api import run\n",
    "mho/__main__.py": "from mho.deploy.api import run\n",
    "mho/units.py": "",
    "mho/chip/__init__.py": "from mho.chip.tile import Tile\n",
    "mho/chip/tile.py": "from mho.units import V\n",
    "mho/chip/wires.py": "from mho.chip.tile import Tile\nfrom .tile import Tile\n",
    "mho/chip/old/__init__.py": "",
    "mho/chip/old/tube.py": "from mho.chip import Tile\n",
    "mho/deploy/__init__.py": "",
    "mho/deploy/api.py": "from mho.chip import Tile\nimport torch\n",
}


def ties(found: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(one["importer"], one["imported"]) for one in found}


def test_packages_are_measured_with_and_without_what_lies_below(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = build(tmp_path, HOUSE)
    found = figures("rooms", str(root / "mho"), capsys=capsys)
    rows = {row["package"]: row for row in found["packages"]}
    assert list(rows) == ["mho", "mho.chip", "mho.chip.old", "mho.deploy"]
    assert (rows["mho.chip"]["files"], rows["mho.chip"]["lines"]) == (3, 4)
    assert rows["mho.chip"]["files_with_subpackages"] == 5
    assert rows["mho.chip"]["lines_with_subpackages"] == 5
    assert rows["mho"]["files_with_subpackages"] == 10
    assert not any(row["too_large"] for row in rows.values())


@pytest.mark.parametrize(
    ("files", "lines", "too_large"),
    [(16, 1, False), (17, 1, True), (2, 1750, False), (2, 1751, True)],
)
def test_large_folders_are_marked(
    tmp_path: Path,
    files: int,
    lines: int,
    too_large: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ["__init__.py", *(f"m{n}.py" for n in range(files - 1))]
    root = build(tmp_path, {f"mho/{name}": "x = 1\n" * lines for name in names})
    (row,) = figures("rooms", str(root / "mho"), capsys=capsys)["packages"]
    assert row["too_large"] is too_large


def test_a_house_whose_faces_hand_on_has_no_circles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`mho` offers what `deploy` makes of `units`: the face, the front door, and no circle."""
    root = build(tmp_path, HOUSE)
    found = figures("rooms", str(root / "mho"), capsys=capsys)
    assert found["circles"] == []
    # from outside their packages, the face and the front door of `mho` name a file of `deploy`
    assert ties(found["past_faces"]) == {
        ("mho", "mho.deploy.api"),
        ("mho.__main__", "mho.deploy.api"),
    }


def test_a_ring_of_rooms_is_a_circle_even_if_no_file_is_in_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hidden in a function, and closed over two files of either room."""
    late = "def later():\n    from mho.deploy import other\n"
    more = {"mho/chip/late.py": late, "mho/deploy/other.py": ""}
    root = build(tmp_path, {**HOUSE, **more})
    (ring,) = figures("rooms", str(root / "mho"), capsys=capsys)["circles"]
    assert (ring["package"], ring["rooms"]) == ("mho", ["chip", "deploy"])
    assert ties(ring["imports"]) == {
        ("mho.deploy.api", "mho.chip"),
        ("mho.chip.late", "mho.deploy.other"),
    }


def test_a_package_and_one_below_it_may_make_a_circle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = {"mho/chip/tile.py": "from mho.chip.old.tube import Tube\n"}
    more["mho/chip/old/tube.py"] = "from mho.chip.wires import Wire\n"
    root = build(tmp_path, {**HOUSE, **more})
    (ring,) = figures("rooms", str(root / "mho"), capsys=capsys)["circles"]
    assert (ring["package"], ring["rooms"]) == (
        "mho.chip",
        ["its own files", "old"],
    )


def test_files_behind_a_face_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever way they are imported; what lies in the same package, or above, may be."""
    ways = (
        "from mho.chip.tile import Tile\nfrom mho.chip import wires\nimport mho.chip.old.tube\n"
        "from ..chip.tile import Tile\nfrom mho.chip.old import Tube\nfrom mho.units import V\n"
    )
    root = build(tmp_path, {**HOUSE, "mho/deploy/api.py": ways})
    found = figures("rooms", str(root / "mho"), capsys=capsys)["past_faces"]
    past = sorted(
        (one["imported"], one["line"])
        for one in found
        if one["importer"] == "mho.deploy.api"
    )
    assert past == [
        ("mho.chip.old.tube", 3),
        ("mho.chip.tile", 1),
        ("mho.chip.tile", 4),
        ("mho.chip.wires", 2),
    ]


# --- walk

WALKED = {
    "mho/__init__.py": "",
    "mho/__main__.py": "from mho.cli.main import main\n\nif __name__ == '__main__':\n    main()\n",
    "mho/units.py": "def volt(x):\n    return x\n\n\nONE = volt(1)\n",
    "mho/cli/__init__.py": "",
    "mho/cli/main.py": (
        "import sys\n\n\ndef main():\n"
        "    from mho.chip.old.tube import pulse\n"
        "    print(*sys.argv)\n"
        "    for _ in range(3):\n        pulse()\n        again()\n"
        "    sys.exit(3)\n\n\n"
        "def again():\n    return list(map(_inner, [1, 2]))\n\n\n"
        "def _inner(x):\n    return [y for y in (x,)]\n"
    ),
    "mho/chip/__init__.py": (
        "from mho.units import volt\n\n\ndef decorated(f):\n    volt(2)\n    return f\n"
    ),
    "mho/chip/old/__init__.py": "",
    "mho/chip/old/tube.py": (
        "from mho.chip import decorated, volt\n\n\n@decorated\ndef pulse():\n"
        "    volt(1)\n    volt(2)\n    cool()\n\n\ndef cool():\n    pass\n"
    ),
}


def walk(
    root: Path, *words: str
) -> tuple[dict[str, Any], "subprocess.CompletedProcess[str]"]:
    """In a process of its own, because it imports a small `mho` where ours is loaded."""
    command = [
        sys.executable,
        str(TOOLS / "walk.py"),
        "--src",
        str(root),
        *words,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout), done


def test_a_walk_counts_loops_once_and_imports_never(tmp_path: Path) -> None:
    """The way leads from `__main__` to `main`, `pulse`, `volt`, `cool` and `again`.

    Three rooms and six entries, so three returns. Loops repeat steps; `volt` runs twice while
    modules are imported, once below a decorator. `_inner` is called by `map` for `again`, and
    its comprehension is no function. The exit code is the command's, whose words stay out of
    the figures.
    """
    found, done = walk(
        build(tmp_path, WALKED), "--json", "-", "--", "deploy", "--seed", "0"
    )
    assert found["route"] == ["mho", "cli", "chip", "mho", "chip", "cli"]
    assert (found["entries"], found["rooms"], found["returns"]) == (6, 3, 3)
    assert found["returns_per_room"] == {"mho": 1, "cli": 1, "chip": 1}
    # into __main__, main, pulse, volt, cool, again and _inner; all but the last three cross
    assert (found["steps"], found["steps_between_rooms"]) == (7, 4)
    assert done.returncode == 3
    assert done.stderr.endswith(" deploy --seed 0\n")


def test_deep_rooms_are_the_innermost_packages(tmp_path: Path) -> None:
    found, _ = walk(build(tmp_path, WALKED), "--deep", "--json", "-", "--", "x")
    assert found["route"] == [
        "mho",
        "cli",
        "chip.old",
        "mho",
        "chip.old",
        "cli",
    ]


def test_a_walk_needs_a_house(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        loaded("walk").main(["--src", str(tmp_path), "--", "deploy"])
    assert stop.value.code == 2
    assert "--src must hold mho/__main__.py" in capsys.readouterr().err


def test_the_tools_read_this_house(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the figures are today, both count the same files and lines of a package."""
    device = TOOLS.parent / "src" / "mho" / "device"
    prose = figures("prose", str(device), capsys=capsys)["overall"]
    packages = figures("rooms", str(device), capsys=capsys)["packages"]
    assert prose["files"] == packages[0]["files_with_subpackages"]
    assert prose["lines"] == packages[0]["lines_with_subpackages"]
