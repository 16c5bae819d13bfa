"""Options of all commands: the same name means the same everywhere; old names answer."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from calling import call
from cyclopts import App
from options_before import FIRST

from mho.cli.main import app
from mho.cli.options import RENAMED, answer, whole
from mho.cli.shared import quantity

HELP_LINES = 50
"""Lines of a screen of 80 columns that the help of `mho deploy` may fill."""


@dataclass(frozen=True)
class Found:
    """An option of a command as the parser knows it."""

    command: str
    flag: str
    names: tuple[str, ...]
    kind: str
    default: object
    help: str
    required: bool


@dataclass(frozen=True)
class Known:
    """A difference that is meant.

    Args:
        flag: The option.
        command: The command that differs from the others.
        what: What differs: `default`, `kind` or `help`.
        reason: Why.
    """

    flag: str
    command: str
    what: tuple[str, ...]
    reason: str


KNOWN = (
    Known(
        "--chip",
        "program",
        ("kind", "default"),
        "an image names the preset that it was compiled for",
    ),
    Known(
        "--chip",
        "tune",
        ("kind", "default"),
        "a file of a chip has one already",
    ),
    Known(
        "--chip",
        "train",
        ("default",),
        "learning from blind pulses was shown on it",
    ),
    Known(
        "--denoise",
        "tune",
        ("kind", "default"),
        "programmed coarsely, not denoised, as tuning wins the accuracy back; a file of"
        " a chip has been or not",
    ),
    *(
        Known("--cells", command, ("default",), "cells are what is asked for")
        for command in ("levels", "sweep")
    ),
    Known(
        "--cells",
        "deploy",
        ("kind", "help"),
        "a network says how many it takes; what is left to choose is how they come to hold it",
    ),
    Known(
        "--cells",
        "solve",
        ("kind", "help"),
        "a matrix says how many it takes, as a network does",
    ),
    Known(
        "--tolerance",
        "solve",
        ("kind", "default", "help"),
        "what a solver is asked for is a residual; that of cells is `--cell-tolerance` there",
    ),
    Known("--method", "solve", ("help",), "of solving, not of tuning"),
    Known("--method", "tune", ("default",), "the two have other methods"),
    Known(
        "--table",
        "fleet",
        ("kind", "default"),
        "the file of a surrogate; `mho fit` makes a table of steps and no file of its own",
    ),
    Known("--table", "fit", ("help",), "of steps, not of a surrogate"),
    Known("--chips", "yield", ("default",), "a mean over faults needs several"),
    Known(
        "--chip",
        "fleet",
        ("kind", "default"),
        "an image names the preset that it was compiled for",
    ),
    Known(
        "--chip",
        "reproduce",
        ("kind", "default"),
        "claims are of their paper's own cells, unless another preset is named",
    ),
    Known("--chips", "fleet", ("default",), "what a fleet is needs many"),
    Known(
        "--levels",
        "levels",
        ("kind", "default", "help"),
        "what the command writes, not what a network is rounded to",
    ),
    *(
        Known(
            "--input",
            command,
            ("help",),
            "inputs and outputs of a chip are known: only arrays can have other names",
        )
        for command in ("evaluate", "lifetime")
    ),
    *(
        Known("--save", command, ("help",), "a chip is kept only if asked for")
        for command in ("lifetime", "train", "tune")
    ),
    Known(
        "--save",
        "import spice-op",
        ("help",),
        "a table is kept only if asked for",
    ),
)


def leaves(part: App, words: tuple[str, ...]) -> Iterator[tuple[str, App]]:
    """Commands that do something, with their words."""
    below = [name for name in part if not name.startswith("-")]
    if not below:
        yield " ".join(words), part
    for name in below:
        yield from leaves(part[name], (*words, name))


def options() -> list[Found]:
    """Every option of every command."""
    found = []
    for command, part in leaves(app, ()):
        for argument in part.assemble_argument_collection(parse_docstring=True):
            flags = [name for name in argument.names if name.startswith("--")]
            if flags:
                default = argument.field_info.default
                found.append(
                    Found(
                        command,
                        flags[0],
                        argument.names,
                        str(argument.hint),
                        None if argument.required else default,
                        str(argument.parameter.help),
                        argument.required,
                    )
                )
    return found


def differences() -> list[tuple[str, str, str]]:
    """Option, command and what differs from what most commands have."""
    by_flag: dict[str, list[Found]] = defaultdict(list)
    for option in options():
        by_flag[option.flag].append(option)
    found = []
    for flag, ones in by_flag.items():
        for what in ("kind", "default", "help", "names"):
            values = [repr(getattr(one, what)) for one in ones]
            usual = max(sorted(set(values)), key=values.count)
            found += [
                (flag, one.command, what)
                for one, value in zip(ones, values, strict=True)
                if value != usual
            ]
    return found


def test_an_option_is_the_same_in_every_command_or_the_difference_has_a_reason() -> (
    None
):
    """Type, default, help and short name; a list that is longer than needed fails, too."""
    assert len(options()) > 150
    known = {
        (one.flag, one.command, what) for one in KNOWN for what in one.what
    }
    assert set(differences()) == known


def test_out_is_a_folder_save_a_file_and_o_is_short_for_nothing_else() -> None:
    """And presets are `--chip`, in every command."""
    for option in options():
        assert ("-o" in option.names) == (option.flag == "--save"), option
        if option.flag == "--out":
            assert option.help.startswith("Folder for `result.json`"), option
        if option.flag == "--save":
            assert option.help.startswith("File "), option
        if "preset of the chip" in option.help.lower():
            assert option.flag == "--chip", option


def test_commands_that_compute_take_threads_and_those_that_draw_a_seed() -> (
    None
):
    """Those without only read and write files, or have workers of one thread each."""
    commands: dict[str, set[str]] = defaultdict(set)
    for option in options():
        commands[option.command].add(option.flag)
    plain = {"inspect", "presets", "import spice-op", "fleet"}
    plain |= {"report", "view"}
    plain |= {
        f"export {what}" for what in ("spice", "pwl", "subckt", "verilog-a")
    }
    for command, flags in commands.items():
        assert ("--threads" in flags) == (command not in plain), command
        if "--resume" in flags and "--save" not in flags:
            assert "--out" in flags, command


def numbers() -> list[tuple[str, str]]:
    """Options that are numbers, and their commands."""
    kinds = {}
    for command, part in leaves(app, ()):
        for argument in part.assemble_argument_collection():
            flags = [name for name in argument.names if name.startswith("--")]
            hints = {argument.hint, *get_args(argument.hint)}
            if flags and hints & {int, float}:
                kinds[command, flags[0]] = argument
    return list(kinds)


def needed(command: str) -> list[str]:
    """Words without which a command does not begin."""
    if command in (
        "levels",
        "wires",
        "export subckt",
        "export verilog-a",
        "reproduce",
    ):
        return []
    if command == "solve":
        return ["--matrix", "x"]
    return ["x", "--data", "x"] if command == "run" else ["x"]


@pytest.mark.parametrize("text", ["٣", "1_0", "1.5e", "", "½", "1e999"])
def test_numbers_are_written_in_the_digits_0_to_9(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every option that is a number refuses other ways to write one, in one sentence."""
    found = numbers()
    assert len(found) > 40
    for command, flag in found:
        words = [*command.split(), *needed(command), f"{flag}={text}"]
        assert call(*words) == 2
        told = capsys.readouterr().err
        name = flag.removeprefix("--").replace("-", "_")
        assert told.startswith(f"Argument `{name}` must be a "), told
        assert told.count("\n") == 1


def test_whole_numbers_keep_all_their_digits() -> None:
    """2⁶² is beyond the 53 bits of a float."""

    class Token:
        value = str(2**62 - 1)
        keyword = "--seed"

    assert whole(int, [Token()]) == 2**62 - 1
    Token.value = "1e4"
    assert whole(int, [Token()]) == 10_000


@pytest.mark.parametrize(
    "words",
    [
        ["levels", "--tolerance", "٣uS"],
        ["wires", "--size", "٣"],
        ["wires", "--wires", "٣"],
        ["lifetime", "chip.mho", "--times", "٣d"],
        ["yield", "--shares", "0.٣"],
        ["sweep", "telegraph.births=٣"],
    ],
)
def test_quantities_are_written_in_the_digits_0_to_9(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*words) == 2
    assert "must be written with the digits 0 to 9" in capsys.readouterr().err


def test_no_file_or_folder_is_nameless(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`--out ""` would be the folder one is in."""
    flags = (
        "--out",
        "--save",
        "--json",
        "--data",
        "--weights",
        "--draw",
        "--vector",
    )
    found = [option for option in options() if option.flag in flags]
    assert {option.flag for option in found} == set(flags)
    for option in found:
        before = ["x"] if option.flag == "--data" else needed(option.command)
        words = [*option.command.split(), *before, f"{option.flag}="]
        assert call(*words) == 2
        told = capsys.readouterr().err
        assert "must name a file or folder, but is empty" in told, option
        assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "unit"),
    [("2S", "S"), ("1e30s", "s"), ("-1e6V", "V"), ("1e99Hz", "Hz")],
)
def test_what_no_array_ever_had_is_refused(text: str, unit: str) -> None:
    with pytest.raises(ValueError, match="Argument `x` must lie within"):
        quantity(text, "x", unit)


@pytest.mark.parametrize(("place", "new"), RENAMED.items())
def test_an_old_spelling_answers_with_the_new_one(
    place: tuple[str, str], new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence; the new one is an option of the command, the old one is not."""
    command, old = place
    flags = {option.flag for option in options() if option.command == command}
    assert old not in flags
    assert new.rpartition("/")[2] in flags
    assert call(*command.split(), *needed(command), old, "1") == 2
    told = capsys.readouterr().err
    assert told.startswith(f"`{old}` is now `{new}`; write `mho {command} ")
    assert told.count("\n") == 1


def test_every_option_that_ever_was_is_there_or_answers() -> None:
    """Those of the first release; an answer is for what is no option any more."""
    now: dict[str, set[str]] = defaultdict(set)
    for option in options():
        now[option.command].update(option.names)
    assert set(FIRST) <= {command for command, _ in leaves(app, ())}
    for command, names in FIRST.items():
        for name in names.split():
            told = answer(command.split(), f"--{name}")
            assert (told is None) == (f"--{name}" in now[command]), (
                command,
                name,
            )


def shared_rows() -> list[str]:
    """Options that several commands share, as rows of the page about them."""
    by_flag: dict[str, list[Found]] = defaultdict(list)
    for option in options():
        by_flag[option.flag].append(option)
    rows = []
    for ones in dict(sorted(by_flag.items())).values():
        if len(ones) > 1:
            texts = [one.help for one in ones]
            usual = max(sorted(set(texts)), key=texts.count)
            names = ", ".join(f"`{name}`" for name in ones[0].names)
            commands = ", ".join(f"`{one.command}`" for one in ones)
            rows.append(f"| {names} | {' '.join(usual.split())} | {commands} |")
    return rows


def test_the_page_about_options_says_what_the_help_says() -> None:
    """Row by row; a row of an option that is gone fails, too."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "options.md"
    told = [
        line
        for line in page.read_text().splitlines()
        if line.startswith("| `-")
    ]
    assert told == shared_rows()


def asked(
    *words: str, **environment: str
) -> "subprocess.CompletedProcess[bytes]":
    """A command in a process of its own, 80 columns wide."""
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        env=os.environ | {"COLUMNS": "80"} | environment,
    )


def test_help_of_deploy_fits_a_screen_and_names_what_it_does_not_explain() -> (
    None
):
    """With `--help-all` every option is explained."""
    brief = asked("-m", "mho", "deploy", "--help").stdout.decode()
    assert len(brief.splitlines()) <= HELP_LINES
    full = asked("-m", "mho", "deploy", "--help-all").stdout.decode()
    assert len(full.splitlines()) > HELP_LINES
    assert "How noise enters a product" not in brief
    assert "How noise enters a product" in full
    for option in options():
        if option.command == "deploy":
            spellings = (option.flag, f"--no-{option.flag[2:]}")
            assert any(name in brief for name in spellings), option


def test_help_groups_commands_by_what_people_come_for() -> None:
    """Every command is in a group, and no group is the parser's own."""
    page = asked("-m", "mho", "--help").stdout.decode()
    panels: dict[str, str] = {}
    title = ""
    for line in page.splitlines():
        if line.startswith("╭"):
            title = line.strip("╭─╮ ")
        panels[title] = panels.get(title, "") + line + "\n"
    inside = "".join(
        text for name, text in panels.items() if name != "Commands"
    )
    for name in app:
        if not name.startswith("-"):
            assert f"│ {name} " in inside


def test_help_needs_neither_torch_nor_numpy() -> None:
    """That is what makes it quick: torch alone takes longer than all of the rest."""
    program = (
        "import sys\nfrom mho.cli.main import main\ntry:\n    main([{words}])\n"
        "except SystemExit:\n    pass\n"
        "heavy = ('torch', 'numpy', 'matplotlib', 'sklearn', 'scipy', 'safetensors')\n"
        "print(sorted(name for name in heavy if name in sys.modules), file=sys.stderr)"
    )
    for words in ("'--help'", "'deploy', '--help'", "'levels', '--seed', 'x'"):
        done = asked("-c", program.replace("{words}", words))
        assert done.stderr.decode().splitlines()[-1] == "[]"


def test_a_terminal_without_utf_8_fails_before_no_result_and_after_none(
    tmp_path: Path,
) -> None:
    """Signs that it lacks are written with those that it has; files and JSON are the same."""
    pages = {}
    for encoding in ("utf-8", "ascii", "cp1252"):
        folder = tmp_path / encoding
        words = ("-m", "mho", "wires", "--size", "4", "--out", str(folder))
        done = asked(*words, PYTHONIOENCODING=encoding)
        assert done.returncode == 0, done.stderr
        shown = done.stdout.decode(encoding)
        assert "Ohm" in shown or "Ω" in shown
        assert "?" not in shown
        assert ("µS" in shown) is (encoding != "ascii")
        assert ("uS" in shown) is (encoding == "ascii")
        page = json.loads((folder / "result.json").read_text())
        page.pop("wall_seconds")
        pages[encoding] = page
    assert pages["ascii"] == pages["cp1252"] == pages["utf-8"]


def test_a_sentence_in_another_alphabet_is_said_anyway() -> None:
    """Errors name what the user wrote, whatever the terminal can show."""
    done = asked("-m", "mho", "presets", "Ωλ", PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert done.stderr.startswith(b"Argument `preset` must be one of")
    assert b"Ohm?" in done.stderr


def test_threads_are_within_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "data.npz", inputs=np.zeros((2, 2), "f4"))
    for count in ("0", "-1", "100000"):
        assert call("wires", "--size", "4", "--threads", count) == 2
        assert "`threads` must lie within 1 to 1024" in capsys.readouterr().err


def test_threads_are_those_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen from within the work, which is stopped there."""
    import torch

    seen: list[int] = []

    def work(**_: Any) -> None:
        seen.append(torch.get_num_threads())

    monkeypatch.setattr("mho.cli.work.cells.levels.run", work)
    before = torch.get_num_threads()
    assert call("levels", "--threads", "2", "--out", str(tmp_path)) == 0
    assert seen == [2]
    assert torch.get_num_threads() == before
