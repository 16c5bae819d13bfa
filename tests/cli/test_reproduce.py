"""`mho reproduce`: verdicts, figures, page, exit codes."""

import json
import re
from pathlib import Path

import pytest
from calling import call

from mho.cli.work.claims import reproduce
from mho.device.published import preset
from mho.papers import PAPERS, Claim, Setting, Verdict, judge


def run(*words: str) -> int:
    return call("reproduce", *words)


@pytest.mark.usefixtures("rendered_figures")
def test_a_claim_that_holds_is_written_with_its_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (
        "rao2023",
        "--only",
        "F4",
        "--quick",
        "--out",
        str(tmp_path),
        "--json",
        "-",
    )
    assert run(*words) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found == json.loads((tmp_path / "result.json").read_text())[0]
    assert {
        "id",
        "target",
        "measured",
        "low",
        "high",
        "tolerance",
        "pass",
    } <= found.keys()
    assert found["id"] == "F4"
    assert found["pass"] is True
    page = (tmp_path / "rao2023" / "report.html").read_text()
    assert "1 of 1 claims hold" in page
    assert "data:image/png;base64," in page
    assert "telegraph.births" in page
    assert "http" not in page.replace("http-equiv", "")
    assert (
        (tmp_path / "rao2023" / "fig1g-array.png")
        .read_bytes()
        .startswith(b"\x89PNG")
    )


def test_a_claim_that_fails_makes_the_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = ("--set", "cell.stuck_fraction=0.05")
    assert (
        run(
            "rao2023",
            "--only",
            "F4",
            "--quick",
            *changed,
            "--out",
            str(tmp_path),
        )
        == 1
    )
    assert "fails" in capsys.readouterr().out
    assert (
        "cell.stuck_fraction = 0.05"
        in (tmp_path / "rao2023" / "report.html").read_text()
    )


def test_an_interrupted_run_goes_on_to_the_same_page(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two claims; the second is interrupted, then measured: as if nothing had been."""
    words = ("--only", "F3", "--only", "F4", "--quick", "--out")
    assert run("rao2023", *words, str(tmp_path / "whole")) == 0
    calls: list[str] = []

    def interrupted(claim: Claim, setting: Setting) -> Verdict:
        calls.append(claim.name)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return judge(claim, setting)

    monkeypatch.setattr(reproduce, "judge", interrupted)
    parted = tmp_path / "parted"
    assert run("rao2023", *words, str(parted)) == 130
    assert "--resume" in capsys.readouterr().err
    assert run("rao2023", *words, str(parted), "--resume", "--seed", "1") == 2
    assert "holds another one" in capsys.readouterr().err
    assert run("rao2023", *words, str(parted), "--resume") == 0
    assert calls == ["F3", "F4", "F4"]
    assert not (parted / "unfinished").exists()
    whole, other = (
        re.sub(
            r"<td>[\d.]+ s</td>",
            "",
            (tmp_path / name / "rao2023/report.html").read_text(),
        )
        for name in ("whole", "parted")
    )
    assert whole == other


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("rao2032",), "Did you mean `rao2023`?"),
        (("rao2023", "--only", "F11"), "`only` must be one of"),
        (("--resume",), "`resume` must find an unfinished run"),
        (("--set", "telegraph.birth=0"), "Did you mean `telegraph.births`?"),
        (
            ("--set", "telegraph.births=many"),
            "`set` for `telegraph.births` must",
        ),
        (
            ("--set", "telegraph.births=-1"),
            "`births` must be finite and not negative",
        ),
    ],
)
def test_bad_input_is_one_sentence(
    words: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(*words, "--quick", "--out", str(tmp_path)) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said


def test_claims_on_another_preset_are_those_that_make_sense(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cell without levels up to 4,144 µS is not asked for them, and none that are a law's."""
    mine = tmp_path / "mycell.toml"
    mine.write_text(
        "[preset]\nbase = 'rao2023'\n[array]\nlevel_high = '900 uS'\nmap_high = '400 uS'\n"
    )
    words = ("--chip", str(mine), "--out", str(tmp_path / "out"), "--quick")
    only = [word for name in ("F3", "F8", "F10") for word in ("--only", name)]
    asked = ("rao2023", "song2024", *only)
    run(*asked, *words, "--json", "-")
    found = {one["id"]: one for one in json.loads(capsys.readouterr().out)}
    assert found["F8"]["pass"] is True
    assert "levels of mycell lie between" in found["F3"]["left_out"]
    assert "no preset takes part" in found["F10"]["left_out"]
    assert run("zuo2025", *words) == 2
    assert "cells of eight levels" in capsys.readouterr().err


def test_every_claim_makes_sense_on_the_cells_of_its_paper() -> None:
    lacking = [
        claim.needs.lacking(preset(paper.preset))
        for paper in PAPERS.values()
        for claim in paper.claims
        if not claim.needs.instead
    ]
    assert set(lacking) == {""}
