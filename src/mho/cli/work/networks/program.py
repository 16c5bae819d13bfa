"""What `mho compile`, `program`, `run` and `evaluate` do."""

from dataclasses import dataclass
from pathlib import Path

from mho.bench.simulated import READ_NOISES, ChipSpec
from mho.checks import check_between, check_choice
from mho.chip import Chip
from mho.cli.shared import (
    given_wires,
    output_file,
    print_rows,
    programmed,
    programmed_rows,
    progress_bars,
    quantity,
    say,
    tell,
    tolerance_of,
    write_json,
)
from mho.deployment import program_image
from mho.deployment.storage import (
    CompiledNetwork,
    ProgrammedChip,
    load_chip,
    load_image,
    save_chip,
)
from mho.device.published import check_preset, code_of, recorded_preset
from mho.files import RunFolder, complete_finished, run_identity
from mho.programming import ProgrammingOptions
from mho.progress import Progress


@dataclass(frozen=True, slots=True)
class Programming:
    """What `mho program` is asked for; see its help."""

    image: str
    chip: str | None
    seed: int
    tolerance: str | None
    denoise: bool
    wires: str | None
    read_noise: str


def run_program(
    wanted: Programming, *, resume: bool, out: str | None, json: str | None
) -> None:
    """Program; see `mho program --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    check_choice(wanted.read_noise, "read_noise", READ_NOISES)
    check_between(wanted.seed, "seed", 0, 2**62, "1")
    if wanted.tolerance is not None:
        quantity(wanted.tolerance, "tolerance", "S")
    image = load_image(wanted.image)
    specimen = _specimen(wanted, image)
    info = specimen.info
    effort = ProgrammingOptions(
        tolerance_of(wanted.tolerance, info), wanted.denoise and info.telegraph
    )
    effort.protocol(info).check(info)
    name = f"{Path(wanted.image).stem}-seed{wanted.seed}.mho"
    path = output_file(out or name, wanted.image)
    with progress_bars() as progress:
        chip = _programmed(
            image, specimen, effort, path, progress, resume=resume
        )
    found = {"checksum": chip.sha256, **programmed(chip)}
    if not write_json(found, json):
        print_rows(programmed_rows(chip), f"chip: {path}")


def _programmed(
    image: CompiledNetwork,
    specimen: ChipSpec,
    effort: ProgrammingOptions,
    path: Path,
    progress: Progress,
    *,
    resume: bool,
) -> ProgrammedChip:
    """The chip, in its file as well; its unfinished state lies beside that."""
    work = f"{path.name}.unfinished"
    complete_finished(path.parent, work)
    if resume and not (path.parent / work).exists() and path.exists():
        there = load_chip(path)
        same = (there.image.sha256, there.specimen, there.effort, there.model)
        if same == (image.sha256, specimen, effort, specimen.model):
            say(f"The chip in `{path}` is complete; these are its results.")
            return there
    identity = run_identity(
        image.sha256,
        specimen,
        effort,
        *code_of(specimen.preset, specimen.numbers),
    )
    with RunFolder.open(
        path.parent, "program", identity, saves=path, resume=resume, work=work
    ) as run:
        tell(run)
        state = run.state("programming")
        chip = program_image(
            image, specimen, effort, state=state, progress=progress
        )
        save_chip(run.saved, chip)
        run.finish()
    return chip


def _specimen(wanted: Programming, image: CompiledNetwork) -> ChipSpec:
    """The chip that is meant: of the image's kind, unless another preset is named."""
    own = image.info
    preset = wanted.chip or image.provenance.preset
    if wanted.chip is None and not preset:
        raise ValueError(
            "Argument `chip` must name a preset, but is missing, and the image names none."
        )
    numbers = ""
    if wanted.chip is None:
        numbers = image.provenance.numbers
        recorded_preset(preset, numbers)
    else:
        check_preset(preset, "chip")
    wires = given_wires(wanted.wires) or own.wires
    rows = own.rows
    cols = own.cols
    if preset != image.provenance.preset:
        other = Chip(preset)
        rows = other.rows
        cols = other.cols
    return ChipSpec(
        preset,
        wanted.seed,
        own.tiles,
        rows,
        cols,
        wires,
        read_noise=wanted.read_noise,
        numbers=numbers,
    )
