"""`mho inspect`: what a file is, and what it holds."""

import json as json_format
from pathlib import Path
from typing import Any

from mho.checks import RefusedError
from mho.cli.shared import (
    check_writable,
    print_operations,
    print_rows,
    programmed,
    programmed_rows,
    write_json,
)
from mho.deployment import TileUse, tile_use
from mho.deployment.storage import (
    CHIP_KIND,
    IMAGE_KIND,
    CompiledNetwork,
    ProgrammedChip,
    load_chip,
    load_image,
    read_kind,
    strict_json,
)
from mho.files import complete_finished, write_whole
from mho.network.account import account, full_rows, operations_of
from mho.samples import one_of, without_numbers
from mho.units import show, show_duration

_RESULT_MAX = 64 * 2**20
_Rows = list[tuple[str, str]]


def run_inspect(file: str, *, draw: str | None, json: str | None) -> None:
    """Inspect; see `mho inspect --help`.

    Raises:
        ValueError: It is nothing that mho knows, or damaged; one sentence says so.
        OSError: It cannot be read, or the drawing not be written.
    """
    path = Path(file)
    kind = None if path.is_dir() else read_kind(path)
    if kind == IMAGE_KIND:
        found = load_image(path, "file")
        told = _image(found)
        rows = _image_rows(found)
        drawing = _draw_image(found) if draw else b""
    elif kind == CHIP_KIND:
        chip = load_chip(path, "file")
        told = (
            _image(chip.image)
            | programmed(chip)
            | {"kind": kind, "checksum": chip.sha256}
        )
        rows = _chip_rows(chip)
        drawing = _draw_chip(chip) if draw else b""
    else:
        told, rows = _run(path)
        drawing = b""
        if draw:
            raise ValueError(
                "Argument `draw` must be left out for a run, whose report has figures, but is"
                f" `{draw}`."
            )
    if draw:
        check_writable(Path(draw).parent)
        Path(draw).parent.mkdir(parents=True, exist_ok=True)
        write_whole(Path(draw), drawing)
    if not write_json(told, json):
        if kind in (IMAGE_KIND, CHIP_KIND):
            print_operations(full_rows(operations_of(told)))
        print_rows(rows, f"drawing: {draw}" if draw else "")


def _image(found: CompiledNetwork) -> dict[str, Any]:
    """An image as plain values."""
    origin = found.provenance
    target = found.placement.target
    return {
        "kind": IMAGE_KIND,
        "checksum": found.sha256,
        "source": origin.source,
        "source_sha256": dict(origin.sha256),
        "version": origin.version,
        "preset": origin.preset,
        "tiles": found.info.tiles,
        "rows": found.info.rows,
        "cols": found.info.cols,
        "cells": target.numel(),
        "compensated": found.compensated,
        "target_uS": [float(target.min()) * 1e6, float(target.max()) * 1e6],
        "layers": [
            {
                "name": one.name,
                "kind": one.kind,
                "shape": list(one.weight.shape),
            }
            for one in found.network.layers
        ],
        "operations": _operations(found),
        "packing": _packing(found).plain(),
    }


def _packing(found: CompiledNetwork) -> TileUse:
    """How full its tiles are."""
    sample = one_of(without_numbers(found.sample_shape, 1), 0)
    return tile_use(found.network, found.placement, found.info, sample)


def _operations(found: CompiledNetwork) -> list[dict[str, Any]]:
    """Every operation of an image's network, and what became of it."""
    sample = one_of(without_numbers(found.sample_shape, 1), 0)
    return account(found.network, sample).plain()


def _image_rows(found: CompiledNetwork) -> _Rows:
    told = _image(found)
    info = found.info
    target = found.placement.target
    word = info.wires.word_line
    bit = info.wires.bit_line
    plain = isinstance(word, float) and isinstance(bit, float)
    lines = (
        f"{word:g} / {bit:g} Ω a segment" if plain else "of each line its own"
    )
    made_up = "made up for" if found.compensated else "not made up for"
    return [
        ("kind", "image, chip-independent"),
        ("checksum", f"{_short(told['checksum'])}, valid"),
        *_origin_rows(found),
        *(
            (
                f"layer {one['name']}",
                f"{one['kind']}, {one['shape'][1]} inputs, {one['shape'][0]} outputs",
            )
            for one in told["layers"]
        ),
        (
            "cells",
            f"{told['cells']:,} on {info.tiles} tiles of {info.rows}×{info.cols}",
        ),
        *_packing(found).rows(),
        (
            "targets",
            f"{show(float(target.min()), 'S', 3)} to {show(float(target.max()), 'S', 3)}",
        ),
        ("wires", "ideal" if info.wires.ideal else f"{lines}, {made_up}"),
    ]


def _origin_rows(found: CompiledNetwork) -> _Rows:
    origin = found.provenance
    sums = [
        (f"  SHA-256, {what}", _short(digest))
        for what, digest in origin.sha256.items()
    ]
    return [
        ("compiled", f"by mho {origin.version} from `{origin.source}`"),
        *sums,
    ]


def _short(digest: str) -> str:
    """Enough of a checksum to tell it from others; `--json` has all of it."""
    return f"{digest[:16]}…"


def _chip_rows(chip: ProgrammedChip) -> _Rows:
    specimen = chip.specimen
    clock = float(chip.state["bench"][0])
    accuracy = chip.records.get("accuracy")
    return [
        ("kind", "programmed chip"),
        ("checksum", f"{_short(chip.sha256)}, valid"),
        ("image", _short(chip.image.sha256)),
        *_origin_rows(chip.image),
        (
            "chip",
            f"{specimen.preset}, seed {specimen.seed}, {specimen.tiles} tiles of"
            f" {specimen.rows}×{specimen.cols}",
        ),
        *(
            []
            if specimen.stuck is None
            else [("", f"{specimen.stuck:.2%} of its cells stuck")]
        ),
        ("clock", show_duration(clock)),
        *programmed_rows(chip),
        (
            "accuracy, when last kept",
            "not recorded" if accuracy is None else f"{accuracy:.2%}",
        ),
    ]


def _run(path: Path) -> tuple[dict[str, Any], _Rows]:
    """A `result.json`, or the folder of a run."""
    if path.is_dir():
        complete_finished(path)
    result = path / "result.json" if path.is_dir() else path
    if path.is_dir() and not result.exists() and (path / "unfinished").is_dir():
        return {"kind": "unfinished run"}, [
            ("kind", "unfinished run"),
            ("", "the same command with --resume goes on"),
        ]
    found = _result(path, result)
    size = (
        sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
        if path.is_dir()
        else 0
    )
    rows = [
        ("kind", "folder of a run" if path.is_dir() else "result of a run"),
        *([("size", f"{size:,} bytes")] if path.is_dir() else []),
        *(
            (name, str(value))
            for name, value in found.items()
            if isinstance(value, str | int | float)
        ),
    ]
    return {"kind": "run", "result": found}, rows


def _result(path: Path, result: Path) -> dict[str, Any]:
    unknown = (
        "Argument `file` must be a network, an image, a chip, a `result.json` or the folder of a"
        f" run, but `{path}` is none of them."
    )
    if path.is_dir() and not result.exists():
        raise ValueError(unknown)
    if result.stat().st_size > _RESULT_MAX:
        raise ValueError(unknown)
    try:
        found = strict_json(result.read_text(encoding="utf-8"))
    except (
        RefusedError,
        UnicodeDecodeError,
        json_format.JSONDecodeError,
        RecursionError,
    ) as error:
        raise ValueError(unknown) from error
    if not isinstance(found, dict) or "version" not in found:
        raise ValueError(unknown)
    return found


def _draw_image(found: CompiledNetwork) -> bytes:
    from mho.report.figures import draw_png, targets_figure

    return draw_png(
        lambda: targets_figure(found.placement.target, found.info.array_high)
    )


def _draw_chip(chip: ProgrammedChip) -> bytes:
    from mho.report.figures import conductance_figure, draw_png

    size = (chip.specimen.tiles, chip.specimen.rows, chip.specimen.cols)
    held = chip.result.target + chip.result.error
    return draw_png(lambda: conductance_figure(chip.result.cells, held, size))
