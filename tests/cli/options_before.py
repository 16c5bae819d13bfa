"""Options of the first release (commit a29a150) by command, without their hyphens."""

FIRST = {
    "characterise noise": "json out traps voltage",
    "export spice": (
        "access conductance cubic denoise driver no-denoise out sense "
        "sense-sides sides subcircuit tile vector voltage wires"
    ),
    "export pwl": "cell denoise gap no-denoise out rise",
    "export subckt": "chip conductance driver out read-noise",
    "export verilog-a": "chip conductance out",
    "import spice-op": (
        "access compare cubic denoise driver json no-denoise out sense "
        "sense-sides sides tile wires"
    ),
    "compile": (
        "chip clip compensate data digital levels mapping no-compensate out "
        "pack per-column ranges scale seed size weights wires"
    ),
    "program": (
        "chip denoise json no-denoise out read-noise resume seed tolerance wires"
    ),
    "run": "data keep out wait",
    "evaluate": "data json keep wait",
    "inspect": "draw json",
    "yield": "chip data json out resume seeds spares stuck tolerance weights",
    "tune": (
        "chip data denoise json method no-denoise no-repair out repair resume "
        "save seed stuck tolerance training weights"
    ),
    "lifetime": (
        "aged data json out percentile refresh resume temperature times tolerance"
    ),
    "train": (
        "batch chip compare epochs json network no-compare out rate resume save "
        "seed step stuck"
    ),
    "deploy": (
        "chip chips clip compare-tolerance compensate data denoise digital "
        "fit-columns json keep-chips levels mapping no-compensate no-denoise "
        "out pack per-column ranges read-noise resume scale seed threads "
        "tolerance weights wires"
    ),
    "levels": (
        "bandwidth bits cell cells chip compare driver error-rate in-turn json "
        "levels no-compare out resume seed tolerance window"
    ),
    "wires": (
        "chip driver json out range resistance seed sense sense-sides sides size wanted"
    ),
    "sweep": (
        "cells chip denoise driver json list looks no-denoise out parquet "
        "resume seed span tolerance unknown"
    ),
    "reproduce": "json only out quick resume seed set",
    "presets": "",
}
