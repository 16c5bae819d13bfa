"""Golden files of mho as of commit a29a150: images, programmed chips and unfinished runs.

Made with the *unchanged* mho of that commit:

    OMP_NUM_THREADS=1 /tmp/base/repo/.venv/bin/python make_golden.py make   # everything anew
    OMP_NUM_THREADS=1 /tmp/base/repo/.venv/bin/python make_golden.py check  # read it all again

`make` writes beside itself:

    inputs/      what the commands were given: a perceptron as .safetensors, a module, data
    images/      *.mho of kind mho-image
    chips/       *.mho of kind mho-chip
    unfinished/  what killed or interrupted runs left: a folder, or a .tar.gz of one, per case. Laid
                 over a folder that holds `inputs/*` (and the `also` of the case), the command
                 with `--resume` ends as `expected.json` says.
    expected.json  what must be true of all of them when they are read

`check` uses the API of a29a150 and says what differs from `expected.json`; it is the pattern for
a test in the restructured project. Nothing here is needed to read the files.
"""

import contextlib
import hashlib
import io
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections import Counter
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
COMMIT = "a29a150"
MHO = str(Path(sys.executable).with_name("mho"))
ENV = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"}

# ------------------------------------------------------------------ networks and data

MODULE = '''"""The module that some golden images were compiled from."""

import torch
from torch import nn


def mlp():
    """Five inputs, a hidden layer, three classes, and a linear head that can stay digital."""
    network = nn.Sequential()
    network.add_module("body", nn.Linear(5, 4))
    network.add_module("act", nn.Tanh())
    network.add_module("head", nn.Linear(4, 3))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return network.eval()
'''


def rand(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def filled(module: nn.Module, seed: int = 1) -> nn.Module:
    """Every parameter and running statistic drawn, none symmetric."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, values in module.state_dict().items():
            if values.is_floating_point():
                values.copy_(0.6 * torch.randn(values.shape, generator=generator))
            if name.endswith("running_var"):
                values.abs_().add_(0.5)
    return module.eval()


class Conv2dNet(nn.Module):
    """Convolution with batch norm, a grouped one, a transposed one, pooling, linear."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(1, 2, 2, stride=2), nn.BatchNorm2d(2)
        self.grouped = nn.Conv2d(2, 2, 2, groups=2, padding=1)
        self.up = nn.ConvTranspose2d(2, 1, 2, stride=2, output_padding=1)
        self.last = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.first(x)))
        x = self.up(nn.functional.max_pool2d(torch.relu(self.grouped(x)), 2))
        return self.last(nn.functional.adaptive_avg_pool2d(x, 2).flatten(1))


class Conv1dNet(nn.Module):
    """Dilated, grouped and transposed in one dimension."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Conv1d(2, 4, 3, dilation=2, padding="same")
        self.grouped = nn.Conv1d(4, 2, 2, groups=2, bias=False)
        self.up = nn.ConvTranspose1d(2, 2, 3, stride=2, groups=2)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.hardtanh(self.wide(x), -float("inf"), 2.0)
        return self.up(nn.functional.leaky_relu(self.grouped(x))).mean(2)


class LstmNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.last = nn.LSTM(3, 2, batch_first=True), nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.cell(x)[0][:, -1])


class GruNet(nn.Module):
    """A bidirectional GRU without bias, then a plain recurrent layer."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(2, 2, batch_first=True, bidirectional=True, bias=False)
        self.rnn = nn.RNN(4, 2, batch_first=True, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(self.gru(x)[0])[0][:, -1]


class AttentionNet(nn.Module):
    """Tokens to vectors, places added, one encoder block, a head that is left digital."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(7, 4), nn.Parameter(torch.zeros(5, 4))
        self.block = nn.TransformerEncoderLayer(
            4, 2, 4, batch_first=True, activation="gelu"
        )
        self.mixed, self.last = nn.Bilinear(4, 4, 2), nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.block(self.words(x.long()) + self.places).mean(1)
        return self.last(self.mixed(x, x))


class SmallDigits(nn.Module):
    """The 8×8 digits, pooled to four numbers: bad at it, but small."""

    def __init__(self) -> None:
        super().__init__()
        self.pool, self.last = nn.AvgPool2d(4), nn.Linear(4, 6)
        self.pad = nn.ConstantPad1d((0, 4), -9.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.pad(self.last(self.pool(x).flatten(1)))


def write_inputs(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    g = torch.Generator().manual_seed(18)
    w = {
        "fc1.weight": torch.randn(4, 5, generator=g), "fc1.bias": torch.randn(4, generator=g) * 0.3,
        "fc2.weight": torch.randn(3, 4, generator=g), "fc2.bias": torch.randn(3, generator=g) * 0.3,
    }  # fmt: skip
    w["fc2.bias"] += torch.tensor([0.0, 0.4, 0.2])
    save_file(w, folder / "net.safetensors")
    (folder / "net.safetensors").chmod(0o644)
    (folder / "net.py").write_text(MODULE)
    x = torch.rand(96, 5, generator=g)
    hidden = torch.relu(x @ w["fc1.weight"].T + w["fc1.bias"])
    y = (hidden @ w["fc2.weight"].T + w["fc2.bias"]).argmax(1)
    print("labels:", y.bincount().tolist())
    np.savez(
        folder / "data.npz", inputs=x[:32].numpy(), labels=y[:32].numpy(),
        training_inputs=x[32:].numpy(), training_labels=y[32:].numpy(), calibration=x[:24].numpy(),
    )  # fmt: skip


# ------------------------------------------------------------------ running commands


def mho(
    *words: str, cwd: Path, codes: tuple[int, ...] = (0,)
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [MHO, *words], cwd=cwd, env=ENV, capture_output=True, text=True
    )
    if done.returncode not in codes:
        raise SystemExit(
            f"mho {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done


# What the files in images/ and chips/ were made by, for `expected.json`.
MADE: dict[str, str] = {}


def by_command(name: str, folder: Path, *words: str) -> None:
    MADE[name] = "mho " + " ".join(words)
    started = time.monotonic()
    mho(*words, cwd=folder)
    print(f"{name}: {MADE[name]} ({time.monotonic() - started:.1f} s)", flush=True)


def make_files(folder: Path) -> None:
    """Images and chips, in a folder that has the inputs."""
    from mho.chip.wires import WireModel
    from mho.deployment.chip_file import Effort, Specimen, program_image, save_chip
    from mho.deployment.image import Provenance, compile_image, load_image, save_image
    from mho.deployment.layout import Layout
    from mho.deployment.mapping import tiles_needed
    from mho.deployment.named_mappings import mapping_kind
    from mho.deployment.network import read_network

    images, chips = folder / "images", folder / "chips"
    images.mkdir()
    chips.mkdir()
    torch.set_num_threads(1)
    net, data = "net.safetensors:relu", ("--data", "data.npz")

    def compiled(name: str, *words: str, network: str = net) -> None:
        by_command(f"images/{name}.mho", folder, "compile", network, *data, *words, "-o",
                   f"images/{name}.mho")  # fmt: skip

    compiled("linear-pairs-largest", "--size", "16x16")
    compiled("linear-offset-percentile-levels-packed", "--size", "16x24", "--mapping", "offset",
             "--ranges", "percentile", "--levels", "64", "--pack")  # fmt: skip
    compiled("linear-four-leasterror-percolumn-clip", "--size", "16x40", "--mapping", "four",
             "--ranges", "least-error", "--per-column", "--scale", "column", "--clip", "90",
             "--wires", "3Ohm", "--no-compensate", "--chip", "wan2022")  # fmt: skip
    compiled("linear-pairs-percentile-percolumn-head-digital", "--size", "16x16", "--ranges",
             "percentile", "--per-column", "--digital", "head", "--levels", "16", "--wires",
             "5Ohm", network="net.py:mlp")  # fmt: skip

    def by_python(
        name: str, module: nn.Module, calibration: Tensor, preset: str, layout: Layout,
        rows: int, cols: int, *, packed: bool = False, digital: tuple[str, ...] = (),
        wires: WireModel | None = None, compensated: bool = True, data: str = "",
    ) -> None:  # fmt: skip
        network = read_network(module, calibration, digital)
        shapes = [(one.weight.shape[0], one.weight.shape[1]) for one in network.layers]
        tiles = tiles_needed(
            shapes, rows, cols, mapping=mapping_kind(layout.mapping), packed=packed
        )
        one = Specimen(
            preset,
            0,
            tiles,
            rows,
            cols,
            wires or WireModel(word_line=0.5, bit_line=0.5),
        )
        info = one.bench().info
        image = compile_image(
            network, info, calibration, compensated=compensated, packed=packed,
            provenance=Provenance(source=type(module).__name__, preset=preset, data=data),
            **layout.options(info),
        )  # fmt: skip
        MADE[f"images/{name}.mho"] = (
            f"compile_image of {type(module).__name__}, {layout!r}"
        )
        save_image(images / f"{name}.mho", image)
        print(name, (images / f"{name}.mho").stat().st_size, flush=True)

    by_python("conv2d-pairs-leasterror-column-wan2022", filled(Conv2dNet()), rand(12, 1, 6, 6),
              "wan2022", Layout(scale="column", ranges="least-error"), 16, 16)  # fmt: skip
    by_python("conv1d-offset-largest-percolumn-umass", filled(Conv1dNet()), rand(12, 2, 6),
              "umass_ta_hfo2", Layout("offset", per_column=True), 16, 16)  # fmt: skip
    by_python("lstm-offset-percentile-percolumn", filled(LstmNet()), rand(12, 4, 3) - 0.5,
              "rao2023", Layout("offset", levels=128, ranges="percentile", per_column=True),
              16, 16, packed=True)  # fmt: skip
    by_python("gru-rnn-four-leasterror", filled(GruNet()), rand(12, 4, 2) - 0.5, "rao2023",
              Layout("four", ranges="least-error", clip=95.0), 8, 32, packed=True)  # fmt: skip
    by_python("attention-pairs-head-digital", filled(AttentionNet()), (rand(12, 5) * 7).floor(),
              "rao2023", Layout(levels=32), 16, 64, packed=True, digital=("last",))  # fmt: skip
    odd = WireModel(
        word_line=tuple(0.5 + 0.1 * n for n in range(8)), bit_line=tuple(0.4 for _ in range(8)),
        driver=2.0, sense=tuple(1.0 + n / 8 for n in range(8)), access=10.0, sides="both",
        sense_sides="both",
    )  # fmt: skip
    linear = filled(nn.Sequential(nn.Linear(5, 3), nn.Sigmoid(), nn.Linear(3, 2)), 4)
    by_python("linear-pairs-wires-of-each-line", linear, rand(12, 5), "rao2023", Layout(), 8, 8,
              wires=odd)  # fmt: skip
    by_python("linear-pairs-passive", linear, rand(12, 5), "kim2021_passive", Layout(), 8, 8,
              packed=True)  # fmt: skip
    from mho.deployment.digits import digits_data

    by_python("digits-small", filled(SmallDigits()), digits_data().calibration[:12], "rao2023",
              Layout(), 8, 16, data="digits")  # fmt: skip
    _older(images)

    def programmed(name: str, image: str, *words: str) -> None:
        by_command(f"chips/{name}.mho", folder, "program", f"images/{image}.mho", *words, "-o",
                   f"chips/{name}.mho")  # fmt: skip

    def specimen(image: Any, seed: int, **more: Any) -> Any:
        info = image.info
        at = {"wires": info.wires} | more
        return Specimen(
            image.provenance.preset, seed, info.tiles, info.rows, info.cols, **at
        )

    def into(name: str, image: str, effort: Any, seed: int, **more: Any) -> Any:
        source = load_image(images / f"{image}.mho")
        one = specimen(source, seed, **more)
        chip = program_image(source, one, effort)
        save_chip(chips / f"{name}.mho", chip)
        MADE[f"chips/{name}.mho"] = f"program_image({image}, {one!r}, {effort!r})"
        out = Counter(chip.result.outcome.tolist())
        print(name, (chips / f"{name}.mho").stat().st_size, out, flush=True)
        return chip

    coarse, uS = Effort(20e-6, denoise=False), 1e-6
    programmed("fresh", "linear-pairs-largest", "--seed", "1")
    programmed("fresh-four-wan2022", "linear-four-leasterror-percolumn-clip", "--seed", "2",
               "--tolerance", "2uS", "--no-denoise", "--wires", "1Ohm")  # fmt: skip
    into("stuck-repaired", "linear-pairs-largest", coarse, 3, stuck=0.15)
    into("stuck-unrepaired-hot-moments", "linear-pairs-percentile-percolumn-head-digital",
         Effort(10 * uS, denoise=False, repaired=False), 4, stuck=0.25, temperature=350.0,
         read_noise="moments", wires=WireModel(word_line=1.0, bit_line=2.0))  # fmt: skip
    into(
        "stuck-offset-excess",
        "linear-offset-percentile-levels-packed",
        coarse,
        5,
        stuck=0.2,
    )
    into("conv2d-wan2022-sampled", "conv2d-pairs-leasterror-column-wan2022", coarse, 6,
         read_noise="sampled")  # fmt: skip
    into("lstm", "lstm-offset-percentile-percolumn", coarse, 7)
    into("passive", "linear-pairs-passive", Effort(5 * uS, denoise=False), 8)
    into("wires-of-each-line", "linear-pairs-wires-of-each-line", coarse, 9)
    into("kept-clock", "digits-small", coarse, 10)
    by_command("chips/kept-clock.mho", folder, "evaluate", "chips/kept-clock.mho", "--wait",
               "1000s", "--keep")  # fmt: skip
    by_command("chips/tuned-refit-hybrid.mho", folder, "tune", "images/linear-pairs-largest.mho",
               *data, "--stuck", "0.15", "--seed", "11", "--method", "refit,hybrid", "--out",
               "tuning", "-o", "chips/tuned-refit-hybrid.mho")  # fmt: skip
    by_command("chips/aged-refreshed-tuned.mho", folder, "lifetime",
               "chips/tuned-refit-hybrid.mho", *data, "--times", "1h,1month,1y", "--temperature",
               "85C", "--refresh", "60d", "--out", "ageing", "-o",
               "chips/aged-refreshed-tuned.mho")  # fmt: skip
    by_command("chips/trained-umass.mho", folder, "train", "data.npz", "--network", "5-3-3",
               "--epochs", "2", "--stuck", "0.1", "--no-compare", "--out", "training", "-o",
               "chips/trained-umass.mho")  # fmt: skip
    words = ("deploy", net, *data, "--mapping", "offset", "--ranges", "least-error",
             "--fit-columns", "--no-denoise", "--seed", "12", "--out", "deployed")  # fmt: skip
    by_command("chips/deployed-fitted.mho", folder, *words)
    shutil.copy(folder / "deployed/chip.mho", chips / "deployed-fitted.mho")
    shutil.copy(folder / "deployed/network.mho", images / "deployed-network.mho")
    MADE["images/deployed-network.mho"] = MADE["chips/deployed-fitted.mho"]
    results = folder / "results"
    results.mkdir()
    for name, path in {
        "deploy": "deployed/result.json",
        "tune": "tuning/result.json",
        "lifetime": "ageing/result.json",
        "train": "training/result.json",
    }.items():
        shutil.copy(folder / path, results / f"{name}.json")


def _older(images: Path) -> None:
    """An image as mho wrote it before there were other mappings, notes and range rules.

    Rebuilt from a new one by leaving out the fields that came later; they take their defaults.
    """
    from mho.deployment.image import KIND, image_parts, load_image
    from mho.deployment.packed_file import save

    content, tensors = image_parts(load_image(images / "linear-pairs-largest.mho"))
    content = json.loads(json.dumps(content))
    outer = content["image"]["fields"]
    placement = outer["placement"]["fields"]
    del placement["step"], outer["rule"], outer["network"]["fields"]["notes"]
    del outer["network"]["fields"]["graph"]["fields"]["untrained"]
    for block in placement["blocks"]:
        for name in ("reference", "corrects", "excess"):
            del block["fields"][name]
    save(images / "as-before-mappings.mho", KIND, content, tensors)
    MADE["images/as-before-mappings.mho"] = (
        "linear-pairs-largest without Block.reference, .corrects, .excess, Placement.step,"
        " Image.rule, Network.notes, Graph.untrained: written anew it is another file"
    )


# ------------------------------------------------------------------ unfinished runs

NET = ("net.safetensors:relu", "--data", "data.npz")
AGES = "1h,1d,1week,1month,1y,10y"
LIMIT = 60_000
"""Bytes beyond which a case is kept as .tar.gz."""


def exists(*paths: str) -> Any:
    return lambda cwd: all((cwd / path).exists() for path in paths)


def steps(path: str, count: int, also: str = "") -> Any:
    """Whether a tuning has finished so many steps."""

    def seen(cwd: Path) -> bool:
        try:
            done = len(json.loads((cwd / path).read_text())["steps"])
        except (OSError, ValueError):
            return False
        return done >= count and (not also or (cwd / also).exists())

    return seen


# name: (command without --resume, files that it needs besides inputs/*, stage after whose beginning
# the process is held for 1.2 s so that a checkpoint (one each second) falls into so small a run,
# seconds to wait before that, when to cut it off, by what, what it leaves, results: JSON files
# and *.mho of the end)
CASES: dict[str, dict[str, Any]] = {
    "program": {
        "command": ("program", "net.mho", "--seed", "3", "-o", "chip3.mho"),
        "also": ("net.mho",), "hold": ("programming", 0.25),
        "until": exists("chip3.mho.unfinished"), "signal": "SIGKILL",
        "ends": ("chip3.mho",),
    },
    "program-interrupted": {
        "command": ("program", "four.mho", "--seed", "4", "--no-denoise", "-o", "chip4.mho"),
        "also": ("four.mho",), "hold": ("programming", 0.05),
        "until": exists("chip4.mho.unfinished"), "signal": "SIGINT",
        "ends": ("chip4.mho",),
    },
    "deploy": {
        "command": ("deploy", *NET, "--seed", "5", "--out", "run"),
        "hold": ("programming plain", 0.1),
        "until": exists("run/unfinished/plain.safetensors"), "signal": "SIGKILL",
        "ends": ("run/result.json", "run/network.mho", "run/chip.mho"),
    },
    "deploy-chips": {
        "command": ("deploy", *NET, "--seed", "6", "--chips", "3", "--keep-chips", "--out", "run"),
        "hold": ("chip 2 of 3", 0.05),
        "until": lambda cwd: any((cwd / "run/unfinished/kept").glob("*.json"))
        and any((cwd / "run/unfinished/kept").glob("*.state")), "signal": "SIGKILL",
        "ends": ("run/result.json", "run/network.mho", "run/chip.mho", "run/chips/seed6.mho",
                 "run/chips/seed7.mho", "run/chips/seed8.mho"),
    },
    "tune": {
        "command": ("tune", "net.mho", "--data", "data.npz", "--stuck", "0.15", "--seed", "7",
                    "--out", "run", "-o", "tuned.mho"),
        "also": ("net.mho",),
        "until": steps("run/unfinished/steps.json", 2), "signal": "SIGKILL",
        "ends": ("run/result.json", "tuned.mho"),
    },
    "tune-noise-aware": {
        "command": ("tune", *NET, "--method", "noise-aware,refit", "--seed", "8", "--tolerance",
                    "2uS", "--denoise", "--out", "run", "-o", "tuned.mho"),
        "hold": ("programming", 0.15),
        "until": steps("run/unfinished/steps.json", 1, "run/unfinished/programming"),
        "signal": "SIGINT", "ends": ("run/result.json", "tuned.mho"),
    },
    "lifetime": {
        "command": ("lifetime", "chip.mho", "--data", "data.npz", "--times", AGES, "--temperature",
                    "85C", "--refresh", "1y", "--out", "run", "-o", "old.mho"),
        "also": ("chip.mho",),
        "until": exists("run/unfinished/refreshed.state"), "signal": "SIGKILL",
        "ends": ("run/result.json", "old.mho"),
    },
    "train": {
        "command": ("train", "data.npz", "--network", "5-3-3", "--epochs", "3", "--stuck", "0.1",
                    "--out", "run", "-o", "trained.mho"),
        "until": exists("run/unfinished/without-stuck-cells.state"), "signal": "SIGKILL",
        "ends": ("run/result.json", "trained.mho"),
    },
    "levels": {
        "command": ("levels", "--levels", "16", "--cells", "3", "--out", "run"),
        "until": exists("run/unfinished/plain-0.safetensors"), "signal": "SIGKILL",
        "ends": ("run/result.json",),
    },
    "sweep": {
        "command": ("sweep", "telegraph.births=0.3,1,3", "--cells", "256", "--looks", "3", "--out",
                    "run"),
        "until": exists("run/points.json"), "signal": "SIGINT",
        "ends": ("run/points.json", "run/sweep.csv"),
    },
    "reproduce": {
        "command": ("reproduce", "rao2023", "wan2022", "--quick", "--only", "F2", "--only", "F6",
                    "--only", "F6-relaxation", "--out", "run"),
        "until": lambda cwd: len(list((cwd / "run/unfinished").glob("*.json"))) >= 2,
        "signal": "SIGKILL",
        "ends": ("run/claims.json",),
    },
    "yield": {
        "command": ("yield", *NET, "--stuck", "0,0.1", "--seeds", "2", "--tolerance", "20uS",
                    "--out", "run"),
        "until": lambda cwd: len(list((cwd / "run/unfinished").glob("*.json"))) >= 3,
        "signal": "SIGINT", "ends": ("run/yield.json",),
    },
}  # fmt: skip
ALSO = {
    "net.mho": "images/linear-pairs-largest.mho",
    "four.mho": "images/linear-four-leasterror-percolumn-clip.mho",
    "chip.mho": "chips/fresh.mho",
}
"""Needed files by their names in the folder of a case."""
CLOCKS = ("wall_seconds", "training_seconds")
"""Numbers of a result that say how long this computer took."""


def lay(golden: Path, case: dict[str, Any], cwd: Path) -> None:
    cwd.mkdir(parents=True, exist_ok=True)
    for path in (golden / "inputs").iterdir():
        if path.is_file():
            shutil.copy(path, cwd / path.name)
    for name in case.get("also", ()):
        shutil.copy(golden / ALSO[name], cwd / name)


def cut_off(case: dict[str, Any], cwd: Path, delay: float) -> bool:
    """Start the command and end it midway; whether that came in time."""
    before = {path: path.stat().st_mtime_ns for path in cwd.rglob("*")}
    process = subprocess.Popen([MHO, *case["command"]], cwd=cwd, env=ENV, text=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip
    lines: list[str] = []
    assert process.stderr is not None
    reader = threading.Thread(
        target=lambda: lines.extend(iter(process.stderr.readline, ""))
    )
    reader.start()
    hold = case.get("hold")
    while process.poll() is None:
        if hold and any(line.startswith(hold[0]) for line in lines):
            time.sleep(delay)
            process.send_signal(signal.SIGSTOP)
            time.sleep(1.2)
            process.send_signal(signal.SIGCONT)
            hold = None
        if not (case.get("hold") and hold) and case["until"](cwd):
            process.send_signal(getattr(signal, case["signal"]))
            break
        time.sleep(0.001)
    code = process.wait()
    reader.join()
    del before
    wanted = {"SIGKILL": -signal.SIGKILL, "SIGINT": 130}[case["signal"]]
    if code != wanted:
        print("  came too late:", code, lines[-2:], flush=True)
    return code == wanted and case["until"](cwd)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }  # fmt: skip


def without_clocks(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_clocks(v) for k, v in value.items() if k not in CLOCKS}
    if isinstance(value, list):
        return [without_clocks(one) for one in value]
    return value


def ends(case: dict[str, Any], cwd: Path) -> dict[str, Any]:
    """What a finished run left: JSON without wall times, text, checksums of chips and images."""
    found: dict[str, Any] = {}
    for name in case["ends"]:
        content = (cwd / name).read_bytes()
        if name.endswith(".json"):
            found[name] = without_clocks(json.loads(content))
        elif name.endswith(".csv"):
            found[name] = content.decode()
        else:
            found[name] = {"file_sha256": hashlib.sha256(content).hexdigest()}
    return found


def make_case(golden: Path, scratch: Path, name: str) -> dict[str, Any]:
    case = CASES[name]
    codes = (0, 1) if name == "reproduce" else (0,)
    for attempt in range(12):
        cwd = scratch / f"{name}-{attempt}"
        lay(golden, case, cwd)
        given = tree(cwd)
        first = case.get("hold", ("", 0.0))[1]
        if cut_off(case, cwd, first * (0.6 + 0.2 * attempt)):
            break
    else:
        raise SystemExit(f"{name}: never in time")
    left = {
        path: content
        for path, content in tree(cwd).items()
        if given.get(path) != content
    }
    size = sum(len(content) for content in left.values())
    target = golden / "unfinished" / name
    target.parent.mkdir(exist_ok=True)
    for path, content in left.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(content)
    # folders that are empty count as well
    for path in cwd.rglob("*"):
        if path.is_dir():
            (target / path.relative_to(cwd)).mkdir(parents=True, exist_ok=True)
    kept = f"unfinished/{name}"
    if size > LIMIT:
        kept += ".tar.gz"
        subprocess.run(["tar", "--sort=name", "--owner=0", "--group=0", "--numeric-owner",
                        "--mtime=@0", "-I", "gzip -9n", "-cf", str(golden / kept), "-C",
                        str(target), "."], check=True)  # fmt: skip
        shutil.rmtree(target)
    whole = scratch / f"{name}-whole"
    lay(golden, case, whole)
    code = mho(*case["command"], cwd=whole, codes=codes).returncode
    resumed = scratch / f"{name}-resumed"
    found = resume(golden, name, kept, resumed, codes)
    same = found == ends(case, whole)
    print(f"{name}: {size:,} bytes in {len(left)} files, attempt {attempt + 1};"
          f" resumed {'like' if same else 'UNLIKE'} an uninterrupted run", flush=True)  # fmt: skip
    return {
        "kept": kept,
        "left_by": case["signal"],
        "command": list(case["command"]),
        "also": {name: ALSO[name] for name in case.get("also", ())},
        "files": {p: len(c) for p, c in left.items()},
        "resume_exit_code": code,
        "resumed_like_uninterrupted": same,
        "ends": found,
    }


def resume(
    golden: Path, name: str, kept: str, cwd: Path, codes: tuple[int, ...]
) -> dict[str, Any]:
    """Lay a case out, go on with it, and say how it ended."""
    case = CASES[name]
    lay(golden, case, cwd)
    unpack(golden / kept, cwd)
    mho(*case["command"], "--resume", cwd=cwd, codes=codes)
    return ends(case, cwd)


def unpack(kept: Path, cwd: Path) -> None:
    if kept.suffix == ".gz":
        with tarfile.open(kept) as archive:
            archive.extractall(cwd, filter="data")
    else:
        shutil.copytree(kept, cwd, dirs_exist_ok=True)


# ------------------------------------------------------------------ what is true of them


def digest(tensor: Tensor) -> str:
    """SHA-256 of a tensor's kind of number, shape and bytes."""
    plain = tensor.detach().contiguous()
    found = hashlib.sha256(f"{plain.dtype} {tuple(plain.shape)} ".encode())
    found.update(plain.numpy().tobytes())
    return found.hexdigest()


def plain(value: Any) -> Any:
    """Anything as JSON can say it: floats exactly, dataclasses by name."""
    if isinstance(value, Tensor):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if np.isfinite(value) else str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {"is": type(value).__name__} | {
            f.name: plain(getattr(value, f.name)) for f in fields(value)
        }
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return value


def inputs_for(image: Any) -> Tensor:
    """Five samples that are good for any image here: whole numbers for the one of tokens."""
    shape = tuple(image.sample_shape)
    samples = rand(5, *shape, seed=99)
    return (
        (samples * 7).floor() if image.provenance.source == "AttentionNet" else samples
    )


def image_facts(image: Any) -> dict[str, Any]:
    where = image.placement
    inputs = inputs_for(image)
    return {
        "sha256": image.sha256,
        "layers": [
            {"name": one.name, "kind": one.kind, "shape": list(one.weight.shape),
             "weight_sum": float(one.weight.double().sum()), "weight_digest": digest(one.weight),
             "bias": None if one.bias is None else plain(one.bias)}
            for one in image.network.layers
        ],
        "nodes": [[node.name, node.operator] for node in image.network.graph.nodes],
        "calls": sorted(image.network.calls),
        "notes": plain(image.network.notes),
        "cells": where.cells.numel(),
        "target_sum": float(where.target.double().sum()),
        "step": where.step,
        "placement": placement_facts(where),
        "range_inputs": plain(image.ranges.inputs),
        "range_currents": plain(image.ranges.currents),
        "rule": plain(image.rule),
        "mapping": plain(image.mapping),
        "compensated": image.compensated,
        "info": plain(image.info),
        "provenance": plain(image.provenance),
        "sample_shape": list(image.sample_shape),
        "inputs": plain(inputs),
        "digital_outputs": plain(image.network.run(inputs)),
    }  # fmt: skip


def placement_facts(where: Any) -> dict[str, Any]:
    return {
        "cells": digest(where.cells), "target": digest(where.target),
        "partner": digest(where.partner), "sign": digest(where.sign),
        "blocks": [
            {"layer": b.layer, "tile": b.tile, "first_input": b.first_input,
             "first_output": b.first_output, "shape": list(b.plus.shape),
             "scale": plain(b.scale), "paired": b.minus is not None, "corrects": b.corrects,
             "excess_sum": None if b.excess is None else float(b.excess.double().sum())}
            for b in where.blocks
        ],
    }  # fmt: skip


def header(path: Path) -> dict[str, str]:
    """What the file itself says, read without mho."""
    whole = path.read_bytes()
    size = int.from_bytes(whole[:8], "little")
    said = json.loads(whole[8 : 8 + size])["__metadata__"]
    return {name: said[name] for name in ("format", "version", "sha256")}


def inspected(path: Path) -> dict[str, Any]:
    return said("inspect", str(path))


def said(*words: str) -> dict[str, Any]:
    """What a command prints with `--json -`; within this process, as starting one takes seconds."""
    from mho.cli.main import app

    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(io.StringIO()):
        with contextlib.suppress(SystemExit):
            app([*words, "--json", "-"])
    found: dict[str, Any] = json.loads(told.getvalue())
    return found


def facts_of_image(path: Path) -> dict[str, Any]:
    from mho.deployment.image import load_image, save_image

    image = load_image(path)
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / "again.mho"
        save_image(again, image)
        same = again.read_bytes() == path.read_bytes()
    return {
        "bytes": path.stat().st_size, "header": header(path), "written_again_is_the_same": same,
        "inspect": inspected(path), **image_facts(image),
    }  # fmt: skip


def facts_of_chip(path: Path) -> dict[str, Any]:
    from mho.deployment.chip_file import load_chip, save_chip
    from mho.deployment.image import load_image

    chip = load_chip(path)
    image: Any = image_facts(chip.image)
    for other in sorted((path.parent.parent / "images").glob("*.mho")):
        if header(other)["sha256"] == chip.image.sha256:
            assert image == image_facts(load_image(other))
            image = other.name
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / "again.mho"
        save_chip(again, chip)
        same = again.read_bytes() == path.read_bytes()
    result, inputs = chip.result, inputs_for(chip.image)
    deployed = chip.deployed()
    first = deployed(inputs)
    after_first = chip.after(deployed.bench).sha256
    second = deployed(inputs)
    deployed.bench.wait(3600.0)
    third = deployed(inputs)
    facts = {
        "bytes": path.stat().st_size, "header": header(path), "written_again_is_the_same": same,
        "inspect": inspected(path), "sha256": chip.sha256,
        # the name of an image here that it holds, else what is true of the one it holds
        "image": image, "inputs": plain(inputs),
        "specimen": plain(chip.specimen), "effort": plain(chip.effort), "model": chip.model,
        "model_made_anew": chip.specimen.model, "version": chip.version,
        "records": plain(chip.records), "tuning": plain(chip.tuning),
        "placement": placement_facts(chip.placement),
        "target_sum": float(chip.placement.target.double().sum()),
        "error_sum": float(result.error.double().sum()),
        "error_abs_sum": float(result.error.double().abs().sum()),
        "noise_sum": float(result.noise.double().sum()),
        "outcomes": {str(k): v for k, v in sorted(Counter(result.outcome.tolist()).items())},
        "pulses": int(result.pulses.sum()), "denoise_pulses": int(result.denoise_pulses.sum()),
        "reads": int(result.reads.sum()), "tolerance": result.tolerance, "cycles": result.cycles,
        "ledger": plain(result.ledger),
        "state": {
            name: {"dtype": str(t.dtype).removeprefix("torch."), "shape": list(t.shape),
                   "sum": float(t.double().sum()), "digest": digest(t)}
            for name, t in chip.state.items()
        },
        "clock_seconds": float(chip.state["bench"][0]),
        "outputs": {
            "first_call": plain(first), "second_call": plain(second),
            "third_call_after_waiting_3600_s": plain(third),
            "sha256_of_chip_after_first_call": after_first,
            "ledger_at_the_end": plain(deployed.bench.ledger), "clock_at_the_end": deployed.bench.clock,
        },
    }  # fmt: skip
    data = None
    if chip.image.sample_shape == (5,):
        data = ("--data", str(HERE / "inputs" / "data.npz"))
    elif chip.image.provenance.data:
        data = ()
    if data is not None:
        facts["evaluate"] = said("evaluate", str(path), *data)
    return facts


def all_facts(golden: Path) -> dict[str, Any]:
    torch.set_num_threads(1)
    return {
        "images": {
            p.name: facts_of_image(p) for p in sorted((golden / "images").glob("*.mho"))
        },
        "chips": {
            p.name: facts_of_chip(p) for p in sorted((golden / "chips").glob("*.mho"))
        },
        "results": {
            p.name: {"inspect": inspected(p)}
            for p in sorted((golden / "results").glob("*.json"))
        },
    }


# ------------------------------------------------------------------ make, check


def make() -> None:
    started = time.monotonic()
    for name in ("inputs", "images", "chips", "results", "unfinished"):
        shutil.rmtree(HERE / name, ignore_errors=True)
    write_inputs(HERE / "inputs")
    with tempfile.TemporaryDirectory(prefix="mho-golden-") as place:
        scratch = Path(place)
        work = scratch / "files"
        shutil.copytree(HERE / "inputs", work)
        make_files(work)
        for name in ("images", "chips", "results"):
            shutil.copytree(work / name, HERE / name)
        cases = {name: make_case(HERE, scratch, name) for name in CASES}
    found = {
        "about": {
            "commit": COMMIT,
            "mho": mho("--version", cwd=HERE).stdout.strip(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "cpu": _cpu(),
            "sha256": "`header.sha256` is what the file says, `sha256` what reading and packing it"
            " again gives; the latter may change only if fields are added to the format",
            "digests": "SHA-256 of f'{dtype} {tuple(shape)} ' and the bytes of a tensor",
            "outputs": "of the first, the second and, 3600 s later, the third call of one"
            " load_chip(path).deployed(), one thread, to 1e-9 relative on the same machine",
            "ends": "what `command --resume` ends with, without the numbers called "
            + " and ".join(CLOCKS),
            "also": "files to copy beside inputs/* under these names before a case is laid over",
        },
        "made_by": MADE,
        **all_facts(HERE),
        "unfinished": cases,
    }
    (HERE / "expected.json").write_text(compact(found) + "\n")
    print(f"{time.monotonic() - started:.0f} s", flush=True)


def compact(value: Any, depth: int = 0) -> str:
    """JSON with a line for every entry of the outer objects, and short ones on one line."""
    short = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict) or not value or (len(short) < 100 and depth > 0):
        return short
    inner = ",\n".join(
        " " * (depth + 1) + json.dumps(name) + ": " + compact(one, depth + 1)
        for name, one in value.items()
    )
    return "{\n" + inner + "\n" + " " * depth + "}"


def _cpu() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Places at which two plain values differ, floats by more than 1e-9 of themselves."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = [*one, *(n for n in other if n not in one)]
        return [d for n in names
                for d in differences(one.get(n, "missing"), other.get(n, "missing"), f"{where}/{n}")]  # fmt: skip
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [d for n, (a, b) in enumerate(zip(one, other, strict=True))
                for d in differences(a, b, f"{where}[{n}]")]  # fmt: skip
    if isinstance(one, float) and isinstance(other, float):
        close = one == other or abs(one - other) <= 1e-9 * max(abs(one), abs(other))
        return [] if close else [f"{where}: {one!r} is now {other!r}"]
    return (
        [] if one == other else [f"{where}: {str(one)[:80]} is now {str(other)[:80]}"]
    )


def check() -> None:
    expected = json.loads((HERE / "expected.json").read_text())
    found = json.loads(json.dumps(all_facts(HERE)))
    wrong = [
        d for part in found for d in differences(expected[part], found[part], part)
    ]
    with tempfile.TemporaryDirectory(prefix="mho-golden-") as place:
        for name, case in expected["unfinished"].items():
            codes = (case["resume_exit_code"],)
            ended = resume(HERE, name, case["kept"], Path(place) / name, codes)
            ended = json.loads(json.dumps(ended))
            wrong += differences(case["ends"], ended, f"unfinished/{name}")
    print("\n".join(wrong) or "all is as expected")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]]()
