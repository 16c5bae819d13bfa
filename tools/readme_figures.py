"""Measure the tables of the README anew: `python tools/readme_figures.py --seeds 8`.

Prints the table of `mho deploy digits` over seeds, what seed 0 shows, and the table of the Python
example over seeds, as they stand in the README. Takes a quarter of a minute for each seed.
"""

import argparse
import contextlib
import importlib.util
import io
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HOME = Path(__file__).parents[1]
TEST = HOME / "tests" / "test_readme.py"
"""Says where each row of the first table stands in a result, and what the example is."""


def definitions() -> Any:
    """The test that holds the README to its figures, as a module."""
    spec = importlib.util.spec_from_file_location("readme_test", TEST)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # its dataclass looks its own module up
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def deployed(seed: int, *words: str) -> str:
    """What `mho deploy digits` prints."""
    command = [sys.executable, "-m", "mho", "deploy", "digits"]
    command += ["--seed", str(seed), *words]
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=True
        )
    return run.stdout


def printed(example: str, seed: int) -> str:
    """What the Python example prints with another seed."""
    with contextlib.redirect_stdout(io.StringIO()) as text:
        exec(example.replace("seed=0", f"seed={seed}"), {})
    return text.getvalue()


def row(name: str, values: list[float], decimals: int) -> str:
    """A line of a table: mean, standard deviation, ends."""

    def shown(value: float) -> str:
        return f"{value:,.{decimals}f}"

    mean = shown(statistics.mean(values))
    deviation = shown(statistics.stdev(values))
    ends = f"{shown(min(values))} … {shown(max(values))}"
    return f"| {name} | {mean} ± {deviation} | {ends} |"


def decimals_of(title: str) -> dict[str, int]:
    """Digits after the point of each row that stands in the README."""
    text = (HOME / "README.md").read_text()
    begin = text.index(f"| {title}")
    lines = text[begin : text.index("\n\n", begin)].splitlines()[2:]
    found = {}
    for line in lines:
        _, name, number, *_ = (cell.strip() for cell in line.split("|"))
        written = re.match(r"[\d,]+\.?(\d*)", number)
        assert written is not None
        found[name] = len(written[1])
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=8)
    count: int = parser.parse_args().seeds
    test = definitions()
    results = [
        json.loads(deployed(seed, "--json", "-")) for seed in range(count)
    ]
    for name, digits in decimals_of("`mho deploy digits`, seeds").items():
        values = [test.RESULT[name](result) for result in results]
        print(row(name, values, digits))
    print(deployed(0))
    example, _ = test.blocks()
    texts = [printed(example, seed) for seed in range(count)]
    columns = zip(*(test.figures(text) for text in texts), strict=True)
    named = decimals_of("the example, seeds").items()
    for (name, digits), column in zip(named, columns, strict=True):
        print(row(name, list(column), digits))
    print(texts[0])


if __name__ == "__main__":
    main()
