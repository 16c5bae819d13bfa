"""`mho reproduce`: measure a paper's claims again; non-zero exit code if one fails."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from mho.checks import check_between, check_choice
from mho.cli.shared import check_outputs, progress_bars, tell, write_json
from mho.device.published import Preset, check_preset, preset
from mho.files import RunFolder, run_identity
from mho.papers import (
    PAPERS,
    Paper,
    Setting,
    Verdict,
    judge,
    keep_verdict,
    kept_verdict,
)
from mho.progress import Progress
from mho.report.papers import draw_figures, render_paper, short_number
from mho.rng import Stream
from mho.units import parse


def run(
    papers: list[str],
    *,
    only: list[str],
    change: list[str],
    chip: str | None,
    quick: bool,
    seed: int,
    resume: bool,
    out: str | None,
    json: str | None,
) -> bool:
    """Reproduce; see `mho reproduce --help`.

    Returns:
        Whether all claims hold.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A folder that cannot be written, or a full disk.
    """
    chosen = [_paper(name, only) for name in papers or list(PAPERS)]
    if only and not any(p.claims for p in chosen):
        known = [
            c.name for name in papers or PAPERS for c in PAPERS[name].claims
        ]
        check_choice(only[0], "only", known)
    check_between(seed, "seed", 0, 2**62, "1")
    chosen = [paper for paper in chosen if paper.claims]
    left_out: list[dict[str, Any]] = []
    if chip is not None:
        chosen, left_out = _on_chip(chosen, chip)
    cells = [_cells(paper, change, chip) for paper in chosen]
    folder = Path(out) if out else Path("mho-out") / "reproduce"
    check_outputs(folder, json)
    claims = [(paper.name, [c.name for c in paper.claims]) for paper in chosen]
    with (
        progress_bars() as progress,
        RunFolder.open(
            folder,
            "reproduce",
            run_identity(claims, cells, quick, seed),
            makes=(*(paper.name for paper in chosen), "result.json"),
            resume=resume,
        ) as files,
    ):
        tell(files)
        if not files.is_complete:
            found = _claims(
                chosen, cells, files, progress, quick=quick, seed=seed
            )
            files.write_result([*found, *left_out])
            files.finish()
        numbers: list[dict[str, Any]] = files.result()
    if not write_json(numbers, json):
        _print(numbers, folder)
    return all(found["pass"] for found in numbers if "left_out" not in found)


def _claims(
    papers: list[Paper],
    cells: list[tuple[Preset, dict[str, float]]],
    files: RunFolder,
    progress: Progress,
    *,
    quick: bool,
    seed: int,
) -> list[dict[str, Any]]:
    """Numbers of all claims; pages and figures are written."""
    numbers: list[dict[str, Any]] = []
    for paper, (kind, changes) in zip(papers, cells, strict=True):
        setting = Setting(kind, quick, Stream(seed).child(paper.name))
        verdicts, pictures = _measure(paper, setting, files, progress)
        page = render_paper(
            paper,
            verdicts,
            pictures,
            preset=kind,
            changes=changes,
            seed=seed,
            quick=quick,
        )
        for name, png in pictures.items():
            files.write(f"{paper.name}/{name}.png", png)
        files.write(f"{paper.name}/report.html", page.encode())
        numbers += [{"paper": paper.name, **v.numbers()} for v in verdicts]
    return numbers


def _paper(name: str, only: list[str]) -> Paper:
    check_choice(name, "paper", PAPERS)
    paper = PAPERS[name]
    kept = tuple(c for c in paper.claims if not only or c.name in only)
    return replace(paper, claims=kept)


def _on_chip(
    papers: list[Paper], chip: str
) -> tuple[list[Paper], list[dict[str, Any]]]:
    """Papers with the claims that make sense on a preset, and what is left out, and why.

    Raises:
        ValueError: No claim makes sense on it; or there is no such preset.
    """
    check_preset(chip, "chip")
    own = preset(chip)
    left_out: list[dict[str, Any]] = []
    kept = []
    for paper in papers:
        claims = []
        for claim in paper.claims:
            why = claim.needs.lacking(own)
            if why:
                left_out.append(
                    {
                        "paper": paper.name,
                        "id": claim.name,
                        "statement": claim.statement,
                        "left_out": why,
                    }
                )
            else:
                claims.append(claim)
        if claims:
            kept.append(replace(paper, claims=tuple(claims)))
    if not kept:
        first = left_out[0]
        raise ValueError(
            f"Argument `chip` must be a preset that a claim of {', '.join(p.name for p in papers)}"
            f" makes sense on, but is `{chip}`, and none does: {first['id']}:"
            f" {first['left_out']}."
        )
    return kept, left_out


def _cells(
    paper: Paper, change: list[str], chip: str | None
) -> tuple[Preset, dict[str, float]]:
    """The paper's cells, or the user's, with numbers changed as the user says."""
    cells = paper.preset if chip is None else chip
    kind = preset(cells)
    if paper.law and change:
        raise ValueError(
            f"Argument `set` must name a paper with a preset's cells, but `{paper.name}` has"
            f" {paper.law}; leave it out."
        )
    changes = {}
    for text in change:
        name, _, value = text.partition("=")
        check_choice(name, "set", kind.values)
        changes[name] = _number(value, kind.values[name].unit, name)
    changed = kind.replace(**changes)
    changed.cell()
    return changed, changes


def _number(text: str, unit: str, name: str) -> float:
    """A number, SI or with its unit."""
    try:
        return float(text)
    except ValueError:
        try:
            return parse(text, unit)
        except ValueError as error:
            raise ValueError(f"Argument `set` for `{name}` {error}") from None


def _measure(
    paper: Paper, setting: Setting, files: RunFolder, progress: Progress
) -> tuple[list[Verdict], dict[str, bytes]]:
    """Verdicts of a paper's claims, and PNG images of its figures by name."""
    verdicts: list[Verdict] = []
    pictures: dict[str, bytes] = {}
    for claim in paper.claims:
        title = f"{paper.name}, {claim.name}"
        progress(title, 0.0)
        known = kept_verdict(files, paper, claim)
        if known is None:
            verdict = judge(claim, setting)
            drawn = draw_figures(paper, verdict)
            keep_verdict(files, paper, verdict, drawn)
        else:
            verdict, drawn = known
        verdicts.append(verdict)
        pictures |= drawn
        progress(title, 1.0)
    return verdicts, pictures


def _print(numbers: list[dict[str, Any]], folder: Path) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in (
        "paper",
        "claim",
        "target",
        "measured",
        "interval",
        "verdict",
    ):
        table.add_column(heading)
    judged = [found for found in numbers if "left_out" not in found]
    for found in judged:
        unit = "" if found["unit"] == "1" else f" {found['unit']}"
        table.add_row(
            found["paper"],
            found["id"],
            short_number(found["target"]),
            short_number(found["measured"]) + unit,
            f"{short_number(found['low'])} to {short_number(found['high'])}",
            "holds" if found["pass"] else "[bold]fails[/bold]",
        )
    console = Console(highlight=False)
    console.print(table)
    for found in numbers:
        if "left_out" in found:
            console.print(
                f"{found['paper']} {found['id']} is left out: {found['left_out']}",
                markup=False,
            )
    for paper in dict.fromkeys(found["paper"] for found in judged):
        console.print(
            f"report: {folder / paper / 'report.html'}", soft_wrap=True
        )
