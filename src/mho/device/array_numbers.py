"""Numbers of the array that a published cell was shown in, as a record with a field for each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Electronics:
    """What drives and reads single cells.

    Args:
        read_bits: Bits of the converter that reads (1).
        write_bits: Bits of the converter that makes pulses, polarity included (1).
        sample_time: Shortest time of a sample (s).
        read_noise: Noise of one such sample, referred to conductance (S).
    """

    read_bits: int
    write_bits: int
    sample_time: float
    read_noise: float


@dataclass(frozen=True, slots=True)
class ArrayNumbers:
    """The numbers that a preset calls `"array.…"`.

    Args:
        rows: Word lines of a tile (1).
        cols: Bit lines of a tile (1).
        read_voltage: Voltage of reads and of the largest input of a multiply (V).
        level_low: Lowest conductance that cells are programmed to (S).
        level_high: Highest conductance that cells are programmed to (S).
        map_low: Lowest conductance recommended for multiplying (S).
        map_high: Highest conductance recommended for multiplying (S).
        series_resistance: Resistance in series with every cell (Ω).
        amplitude_max: Largest pulse (V).
        pulse_setup: Time to set up a row for a pulse (s).
        off_chip: Laboratory electronics.
        on_chip: Integrated electronics.
        dac_bits: Bits of the inputs of a multiply (1).
        adc_bits: Bits of the outputs of a multiply (1).
        word_line: Resistance of a segment of a word line (Ω).
        bit_line: Resistance of a segment of a bit line (Ω).
        driver: Output resistance of the drivers (Ω).
        vector_time: Time of one input vector (s).
        conversion_energy: Energy of one conversion (J).
        transistor: Of every cell; `None` in a passive array.
    """

    rows: int
    cols: int
    read_voltage: float
    level_low: float
    level_high: float
    map_low: float
    map_high: float
    series_resistance: float
    amplitude_max: float
    pulse_setup: float
    off_chip: Electronics
    on_chip: Electronics
    dac_bits: int
    adc_bits: int
    word_line: float
    bit_line: float
    driver: float
    vector_time: float
    conversion_energy: float
    transistor: "Transistor | None"


@dataclass(frozen=True, slots=True)
class Transistor:
    """The selector in series with every cell.

    Args:
        gate_slope: Conductance at which a SET stops, per gate voltage (S/V).
        gate_threshold: Gate voltage at which that is 0 (V).
        gate_max: Largest gate voltage (V).
        on_resistance: Resistance of the transistor when open (Ω).
    """

    gate_slope: float
    gate_threshold: float
    gate_max: float
    on_resistance: float


def array_numbers(numbers: dict[str, float]) -> ArrayNumbers:
    """The record of a preset's numbers.

    Args:
        numbers: Those of its group `"array"`, by field name (SI).
    """
    return ArrayNumbers(
        rows=int(numbers["rows"]),
        cols=int(numbers["cols"]),
        read_voltage=numbers["read_voltage"],
        level_low=numbers["level_low"],
        level_high=numbers["level_high"],
        map_low=numbers["map_low"],
        map_high=numbers["map_high"],
        series_resistance=numbers["series_resistance"],
        amplitude_max=numbers["amplitude_max"],
        pulse_setup=numbers["pulse_setup"],
        off_chip=_electronics(numbers, "off_chip"),
        on_chip=_electronics(numbers, "on_chip"),
        dac_bits=int(numbers["dac_bits"]),
        adc_bits=int(numbers["adc_bits"]),
        word_line=numbers["word_line"],
        bit_line=numbers["bit_line"],
        # most papers say nothing of the drivers' own resistance
        driver=numbers.get("driver", 0.0),
        vector_time=numbers["vector_time"],
        conversion_energy=numbers["conversion_energy"],
        transistor=_transistor(numbers),
    )


def _electronics(numbers: dict[str, float], where: str) -> Electronics:
    return Electronics(
        read_bits=int(numbers[f"read_bits_{where}"]),
        write_bits=int(numbers[f"write_bits_{where}"]),
        sample_time=numbers[f"sample_time_{where}"],
        read_noise=numbers[f"read_noise_{where}"],
    )


def _transistor(numbers: dict[str, float]) -> Transistor | None:
    if "gate_slope" not in numbers:
        return None
    return Transistor(
        gate_slope=numbers["gate_slope"],
        gate_threshold=numbers["gate_threshold"],
        gate_max=numbers["gate_max"],
        on_resistance=numbers["on_resistance"],
    )
