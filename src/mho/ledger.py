"""What every operation costs: pulses, reads, conversions, multiplies, seconds, joules."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Ledger:
    """Costs that add. An empty ledger is the zero of `+`.

    Args:
        pulses: Voltage pulses on cells, programming and denoising alike (1).
        reads: Samples of single cells (1).
        conversions: Digital-to-analog and analog-to-digital conversions (1).
        multiplies: Cell multiplications in parallel reads, one per cell and input vector (1).
        seconds: Time on the chip, with the parallelism the hardware has (s).
        pulse_joules: Energy dissipated in cells by pulses, V²·G·t (J).
        read_joules: Energy dissipated in cells by reads and multiplies (J).
        converter_joules: Energy of converters (J).

    >>> Ledger(pulses=2, seconds=1.0) + Ledger(pulses=1)
    Ledger(pulses=3, seconds=1.0)
    """

    pulses: int = 0
    reads: int = 0
    conversions: int = 0
    multiplies: int = 0
    seconds: float = 0.0
    pulse_joules: float = 0.0
    read_joules: float = 0.0
    converter_joules: float = 0.0

    @property
    def joules(self) -> float:
        """All energy (J)."""
        return self.pulse_joules + self.read_joules + self.converter_joules

    def __add__(self, other: "Ledger") -> "Ledger":
        return Ledger(
            pulses=self.pulses + other.pulses,
            reads=self.reads + other.reads,
            conversions=self.conversions + other.conversions,
            multiplies=self.multiplies + other.multiplies,
            seconds=self.seconds + other.seconds,
            pulse_joules=self.pulse_joules + other.pulse_joules,
            read_joules=self.read_joules + other.read_joules,
            converter_joules=self.converter_joules + other.converter_joules,
        )

    def __sub__(self, other: "Ledger") -> "Ledger":
        """What was spent between two looks at a bench's ledger."""
        return Ledger(
            pulses=self.pulses - other.pulses,
            reads=self.reads - other.reads,
            conversions=self.conversions - other.conversions,
            multiplies=self.multiplies - other.multiplies,
            seconds=self.seconds - other.seconds,
            pulse_joules=self.pulse_joules - other.pulse_joules,
            read_joules=self.read_joules - other.read_joules,
            converter_joules=self.converter_joules - other.converter_joules,
        )

    def __repr__(self) -> str:
        spent = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value:
                spent.append(f"{field.name}={value!r}")
        return f"Ledger({', '.join(spent)})"
