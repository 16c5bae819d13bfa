"""One small file of each format that labs keep measurements in, with what it should say.

Made anew from what the programs that write such files do; used by tests and by
`mutated_measurements.py`.
"""

import gzip
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class LabFile:
    """A file, and what is in it.

    Args:
        name: Name of the file.
        content: Its bytes.
        kind: Kind of measurement.
        holds: Some of the arrays of the value that it becomes (SI), by field.
        beside: Files that lie beside it, by name.
        given: What is said besides when it is read.
    """

    name: str
    content: bytes
    kind: str
    holds: dict[str, Array]
    beside: dict[str, bytes] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path, content: bytes | None = None) -> Path:
        """Write it and what lies beside it.

        Args:
            folder: Where.
            content: Other bytes than its own.
        """
        for name, other in self.beside.items():
            (folder / name).write_bytes(other)
        path = folder / self.name
        path.write_bytes(self.content if content is None else content)
        return path


def _text(
    header: str, rows: Sequence[tuple[float, ...]], separator: str = ","
) -> bytes:
    lines = [header]
    lines += [separator.join(f"{value:.9g}" for value in row) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def single_pulses() -> LabFile:
    """A line a pulse, as RRAM testers write them."""
    rng = np.random.default_rng(1)
    before = rng.uniform(20, 60, 40)
    after = before + rng.uniform(0.5, 3, 40)
    rows = [
        (k % 4, 1.2, 2.0, 200, b, a)
        for k, (b, a) in enumerate(zip(before, after, strict=True))
    ]
    content = _text("addr,BL (V),WL (V),pw_ns,Gi_uS,Gf_uS", rows).replace(
        b"BL", b"Vpulse"
    )
    holds = {
        "before": before * 1e-6,
        "after": after * 1e-6,
        "width": np.full(40, 2e-7),
    }
    return LabFile("pulses.csv", content, "pulses", holds)


def ramps() -> LabFile:
    """A ramp a column, packed; shorter ones end in empty cells."""
    curves = 20 + 40 * (
        1 - np.exp(-np.arange(30)[:, None] / np.array([8, 10, 12]))
    )
    lines = ["rmp1,rmp2,rmp3"]
    for row, values in enumerate(curves * 1e-6):
        cells = [f"{value:.6g}" for value in values]
        lines.append(",".join(cells if row < 25 else [*cells[:2], ""]))
    before = (
        np.concatenate((curves[:29, 0], curves[:29, 1], curves[:24, 2])) * 1e-6
    )
    content = gzip.compress("\n".join(lines).encode(), mtime=0)
    return LabFile("ramps_set_S.csv.gz", content, "pulses", {"before": before})


def waits() -> LabFile:
    """Relaxation of several cells."""
    rng = np.random.default_rng(2)
    rows = []
    for cell in range(6):
        start = 10.0 + 5 * cell
        rows += [
            (cell, t, start + rng.normal(), start, cell)
            for t in (0.01, 0.1, 1.0, 10.0)
        ]
    content = _text(
        "cell,time_s,conductance_uS,conductance_at_write_uS,level", rows
    )
    values = np.array(rows)
    holds = {"time": values[:, 1], "conductance": values[:, 2] * 1e-6}
    return LabFile("relaxation.csv", content, "waits", holds)


def endurance() -> LabFile:
    """Resistances by cycle."""
    rng = np.random.default_rng(3)
    cycle = np.round(np.logspace(0, 6, 25))
    high = rng.uniform(8, 12, 25)
    low = rng.uniform(80, 120, 25)
    rows = list(zip(cycle, low, high, strict=True))
    content = _text("Cycle\tHRS [kOhm]\tLRS [kOhm]", rows, "\t")
    holds = {"low": 1e-3 / low, "high": 1e-3 / high}
    return LabFile("endurance.tsv", content, "endurance", holds)


def _triangle() -> tuple[Array, Array]:
    voltage = np.concatenate(
        (
            np.linspace(0, 1, 21),
            np.linspace(0.95, -1, 40),
            np.linspace(-0.95, 0, 20),
        )
    )
    current = 1e-5 * np.sinh(2 * voltage)
    return voltage, current


def sweeps() -> LabFile:
    """Voltage and current, with a line of units."""
    voltage, current = _triangle()
    text = "Voltage,Current\nV,uA\n" + "".join(
        f"{v:.4f},{1e6 * i:.6g}\n"
        for v, i in zip(voltage, current, strict=True)
    )
    holds = {"voltage": voltage, "current": current}
    return LabFile("iv.csv", text.encode(), "sweeps", holds)


def grid() -> LabFile:
    """A map of resistances without names."""
    values = np.random.default_rng(4).uniform(5e3, 5e4, (12, 10))
    text = "\n".join(
        " ".join(f"{value:.6g}" for value in row) for row in values
    )
    return LabFile("map.txt", text.encode(), "map", {"conductance": 1 / values})


def trace() -> LabFile:
    """A current against time, German spelling."""
    current = 2 + 0.1 * (np.arange(400) // 40 % 2)
    lines = ["Zeit;x".replace("Zeit;x", "t (ms);I (µA)")]
    lines += [
        f"{2 * k},5;{value:.3f}".replace(".", ",")
        for k, value in enumerate(current)
    ]
    content = ("\r\n".join(lines) + "\r\n").encode("latin-1")
    return LabFile(
        "trace.csv",
        content,
        "trace",
        {"conductance": current * 5e-6},
        given={"voltage": 0.2},
    )


def arc_one() -> LabFile:
    """A session: reads, pulses, a sweep."""
    lines = [
        "session 7",
        "Mon Mar  4 10:11:12 2019",
        "Wordline,Bitline,Resistance,Amplitude (V),Pulse width (s),Tag,ReadTag,ReadVoltage",
    ]
    resistance = 12000.0
    before = []
    after = []
    lines.append(f"3,5,{resistance},0.2,0,S R2 V=0.2,R2,0.2")
    for k in range(30):
        volts = 1.1 if k % 2 == 0 else -1.2
        before.append(resistance)
        resistance *= 0.95 if volts > 0 else 1.04
        after.append(resistance)
        lines.append(f"3,5,{resistance:.10g},{volts},1e-06,P,R2,0.2")
    voltage, current = _triangle()
    for place, (v, i) in enumerate(
        zip(voltage[1:10], current[1:10], strict=True)
    ):
        tag = "CT_s" if place == 0 else "CT_e" if place == 8 else "CT_i_1"
        lines.append(f"3,5,{abs(v / i):.10g},{v},0,{tag},R2,{v}")
    content = ("\r\n".join(lines) + "\r\n").encode()
    holds = {"before": 1 / np.array(before), "after": 1 / np.array(after)}
    return LabFile("session.csv", content, "pulses", holds)


def arc_two() -> LabFile:
    """A store: histories of two crosspoints and the raster."""
    import h5py

    kinds = [
        ("current", "<f4"),
        ("voltage", "<f4"),
        ("pulse_width", "<f4"),
        ("read_voltage", "<f4"),
        ("op_type", "<u4"),
    ]
    stream = io.BytesIO()
    before: list[float] = []
    after: list[float] = []
    with h5py.File(stream, "w", track_order=False) as file:
        file.attrs["H5DS_VERSION_MAJOR"] = 0
        file.attrs["H5DS_VERSION_MINOR"] = 2
        file.attrs["words"] = 4
        file.attrs["bits"] = 3
        for name in ("crossbar", "crosspoints", "sequences", "synthetics"):
            file.create_group(name)
        for name in ("current", "voltage"):
            file["crossbar"].create_dataset(name, shape=(3, 4), dtype="f4")
        for word, bit in ((0, 1), (2, 2)):
            table = np.zeros(64, dtype=kinds)
            level = 40e-6
            table[0] = (level * 0.2, 0.2, 0.0, 0.2, 1)
            for k in range(1, 40):
                before.append(level)
                level += 0.5e-6
                after.append(level)
                table[k] = (level * 0.2, 1.3, 1e-6, 0.2, 3)
            dataset = file.create_dataset(
                f"crosspoints/W{word:02d}B{bit:02d}/timeseries",
                data=table,
                maxshape=(None,),
                chunks=True,
            )
            dataset.attrs["NROWS"] = 40
            file["crossbar/current"][bit, word] = level * 0.2
            file["crossbar/voltage"][bit, word] = 0.2
    holds = {"before": np.array(before), "after": np.array(after)}
    return LabFile("store.h5", stream.getvalue(), "pulses", holds)


def easyexpert() -> LabFile:
    """Two sweeps one after the other."""
    voltage, current = _triangle()
    lines = []
    for number in range(2):
        lines += [
            "SetupTitle, I/V Sweep",
            "PrimitiveTest, I/V Sweep",
            "TestParameter, Channel.UnitType, SMU, SMU",
            "TestParameter, Channel.IName, Itop, Ibot",
            "TestParameter, Channel.VName, Vtop, Vbot",
            "TestParameter, Channel.Func, VAR1, CONST",
            f"MetaData, TestRecord.RecordTime, 03/04/2019 10:11:1{number}",
            "AnalysisSetup, Analysis.Setup.Vector.List.Datum.Unit, V, A",
            f"Dimension1, {len(voltage)}, {len(voltage)}",
            "Dimension2, 1, 1",
            "DataName, Vtop, Itop",
        ]
        lines += [
            f"DataValue, {v:.6g}, {i:.8g}"
            for v, i in zip(voltage, current, strict=True)
        ]
    content = ("\r\n".join(lines) + "\r\n").encode()
    holds = {"voltage": np.tile(voltage, 2), "current": np.tile(current, 2)}
    return LabFile("sweep.csv", content, "sweeps", holds)


def neurosim() -> LabFile:
    """Means and deviations of states, with a mark of the byte order."""
    mean = np.linspace(1e-6, 40e-6, 8)
    rows = [(k, g, 0.03 * g) for k, g in enumerate(mean)]
    content = b"\xef\xbb\xbf" + _text("states,mean,std", rows).replace(
        b"\n", b"\r\n"
    )
    holds = {"mean": mean, "deviation": 0.03 * mean}
    return LabFile("mem_states.csv", content, "levels", holds)


def xbtorch() -> LabFile:
    """Steps of +1 µS ± 0.5 µS, evenly spread, at every conductance."""
    levels = np.linspace(5e-6, 30e-6, 12)
    steps = np.linspace(-3e-6, 3e-6, 61)
    rise = np.clip((steps - 0.5e-6) / 1e-6, 0, 1)
    table = "\n".join(
        " ".join(f"{p:.9g}" for p in rise) for _ in levels
    ).encode()
    axes = {
        "cell_1.5V_set_axis_level_G.txt": "\n".join(
            f"{g:.9g}" for g in levels
        ).encode(),
        "cell_1.5V_set_axis_level_dG.txt": "\n".join(
            f"{d:.9g}" for d in steps
        ).encode(),
    }
    return LabFile(
        "cell_1.5V_set_cdf.txt", table, "steps", {"conductance": levels}, axes
    )


def aihwkit() -> LabFile:
    """Pairs of responses without names."""
    up = np.linspace(-0.9, 1.1, 60)
    down = np.linspace(0.8, -1.3, 60)
    text = "".join(f"{a:.9g},{b:.9g}\n" for a, b in zip(up, down, strict=True))
    holds = {"up": up[:, None], "down": down[:, None]}
    return LabFile("responses.csv", text.encode(), "responses", holds)


def _arrays() -> dict[str, Array]:
    rng = np.random.default_rng(5)
    return {
        "time_s": np.array([0.0, 1.0, 10.0, 100.0] * 3),
        "cell": np.repeat([0.0, 1.0, 2.0], 4),
        "conductance_uS": rng.uniform(20, 30, 12),
    }


def matlab_7() -> LabFile:
    """A packed file of version 7 with a structure, a text and a matrix beside it."""
    from scipy.io import savemat

    arrays = _arrays()
    stream = io.BytesIO()
    savemat(
        stream,
        {"data": arrays, "who": "lab", "spare": np.eye(3)},
        do_compression=True,
    )
    holds = {
        "time": arrays["time_s"],
        "conductance": arrays["conductance_uS"] * 1e-6,
    }
    return LabFile("waits.mat", stream.getvalue(), "waits", holds)


def matlab_4() -> LabFile:
    """A file of the oldest format."""
    from scipy.io import savemat

    arrays = _arrays()
    stream = io.BytesIO()
    savemat(stream, arrays, format="4")
    holds = {
        "time": arrays["time_s"],
        "conductance": arrays["conductance_uS"] * 1e-6,
    }
    return LabFile("old.mat", stream.getvalue(), "waits", holds)


def matlab_73() -> LabFile:
    """A file of version 7.3: HDF5 behind 512 bytes."""
    import h5py

    arrays = _arrays()
    stream = io.BytesIO()
    with h5py.File(stream, "w", userblock_size=512) as file:
        for name, values in arrays.items():
            dataset = file.create_dataset(name, data=values[None])
            dataset.attrs["MATLAB_class"] = np.bytes_(b"double")
    content = bytearray(stream.getvalue())
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: today HDF5 schema 1.00 ."
    content[: len(head)] = head
    holds = {
        "time": arrays["time_s"],
        "conductance": arrays["conductance_uS"] * 1e-6,
    }
    return LabFile("new.mat", bytes(content), "waits", holds)


def parquet() -> LabFile:
    """A table of pyarrow's."""
    import pyarrow
    from pyarrow import parquet as writer

    arrays = _arrays()
    stream = io.BytesIO()
    writer.write_table(pyarrow.table(arrays), stream)
    holds = {
        "time": arrays["time_s"],
        "conductance": arrays["conductance_uS"] * 1e-6,
    }
    return LabFile("waits.parquet", stream.getvalue(), "waits", holds)


def operations() -> LabFile:
    """A log of a tester: reads, and single pulses between them, of two cells in turn."""
    lines = ["INIT C4"]
    held = {17: 40e-6, 18: 55e-6}
    before: dict[int, list[float]] = {17: [], 18: []}
    after: dict[int, list[float]] = {17: [], 18: []}
    for cell, level in held.items():
        lines.append(f"{cell},READ,{1 / level:.10g},{level:.10g},8e-06,0.2")
    for k in range(20):
        for cell, level in tuple(held.items()):
            way = "SET,2.1,1.8,0,100" if k % 3 else "RESET,2.6,0,1.4,100"
            held[cell] = level * (1.03 if k % 3 else 0.95)
            lines.append(f"{cell},{way}")
            now = held[cell]
            lines.append(f"{cell},READ,{1 / now:.10g},{now:.10g},8e-06,0.2")
            before[cell].append(level)
            after[cell].append(now)
    content = ("\n".join(lines) + "\n").encode()
    holds = {
        "before": np.array(before[17] + before[18]),
        "after": np.array(after[17] + after[18]),
        "amplitude": np.tile([1.8 if k % 3 else -1.4 for k in range(20)], 2),
    }
    return LabFile("mlog.csv", content, "pulses", holds)


FILES: dict[str, Callable[[], LabFile]] = {
    "pulses": single_pulses,
    "ramps": ramps,
    "waits": waits,
    "endurance": endurance,
    "sweeps": sweeps,
    "map": grid,
    "trace": trace,
    "arc_one": arc_one,
    "arc_two": arc_two,
    "easyexpert": easyexpert,
    "neurosim": neurosim,
    "xbtorch": xbtorch,
    "aihwkit": aihwkit,
    "matlab_4": matlab_4,
    "matlab_7": matlab_7,
    "matlab_73": matlab_73,
    "parquet": parquet,
    "operations": operations,
}
"""Makers of files by format."""
