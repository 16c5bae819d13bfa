"""How input codes reach the rows: at once or bit by bit, all rows together or some at a time."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int32
from torch import Tensor

from mho.checks import Configuration, check_between, check_positive, check_shape
from mho.chip.periphery.converters import SignedConverter


@dataclass(frozen=True, slots=True)
class ConversionCount:
    """What the converters of a product do.

    Args:
        steps: Times that the tile is driven and read (1).
        dac: Row voltages made (1).
        adc: Column currents read (1).
    """

    steps: int
    dac: int
    adc: int

    @property
    def total(self) -> int:
        """Conversions of both kinds, as a ledger counts them (1)."""
        return self.dac + self.adc


@dataclass(frozen=True, slots=True)
class InputEncoding(Configuration):
    """Turns sign-magnitude codes into the row voltages of one or more cycles.

    A code is written in digits of `slice_bits` bits, lowest first; in each cycle the rows are
    driven with one digit, the columns are read, and the results are shifted and added. With
    ``slice_bits=None`` there is one cycle with the whole amplitude; with ``slice_bits=1`` inputs
    are serial bits, a row being at 0 or at one voltage of either sign.

    Args:
        bits: Bits of the magnitude (1).
        amplitude: Voltage of the largest digit (V).
        slice_bits: Bits in a cycle (1); all of them if `None`.
        phases: 1 if drivers make both signs; 2 if they make one, so that negative inputs are
            driven after the positive ones and their results are subtracted.

    Raises:
        ValueError: A number is out of its range.

    >>> InputEncoding(bits=4, amplitude=0.2, slice_bits=1).places
    (1, 2, 4, 8)
    """

    bits: int
    amplitude: float
    slice_bits: int | None = None
    phases: int = 1

    def __post_init__(self) -> None:
        check_between(self.bits, "bits", 1, 24, "1")
        check_positive(self.amplitude, "amplitude", "V")
        if self.slice_bits is not None:
            check_between(self.slice_bits, "slice_bits", 1, self.bits, "1")
        check_between(self.phases, "phases", 1, 2, "1")

    @classmethod
    def bit_serial(
        cls, bits: int, amplitude: float, phases: int = 1
    ) -> "InputEncoding":
        """One bit in a cycle."""
        return cls(bits, amplitude, 1, phases)

    @property
    def width(self) -> int:
        """Bits in a cycle (1)."""
        return self.slice_bits or self.bits

    @property
    def cycles(self) -> int:
        """Cycles for one input vector (1): digits times phases."""
        return self.phases * -(-self.bits // self.width)

    @property
    def places(self) -> tuple[int, ...]:
        """What a digit of each cycle counts in the code (1), negative in the second phase."""
        digits = [
            1 << (self.width * n) for n in range(self.cycles // self.phases)
        ]
        return (
            (*digits, *(-d for d in digits))
            if self.phases == 2
            else tuple(digits)
        )

    @property
    def slice_dac(self) -> SignedConverter:
        """Converter of one digit (V); exchange it for one with errors."""
        return SignedConverter(self.width, self.amplitude, kind="dac")

    @property
    def weights(self) -> tuple[float, ...]:
        """Factor of each cycle's result (1) that makes the sum the result of the amplitude."""
        share = (2**self.width - 1) / (2**self.bits - 1)
        return tuple(place * share for place in self.places)

    def codes(
        self, voltage: Float[Tensor, "batch rows"]
    ) -> Int32[Tensor, "batch rows"]:
        """Sign-magnitude code nearest to each wanted voltage (1); the amplitude is full scale."""
        return SignedConverter(self.bits, self.amplitude).codes(voltage)

    def digits(
        self, codes: Int32[Tensor, "batch rows"]
    ) -> Int32[Tensor, "cycles batch rows"]:
        """Digit of every cycle, with the sign of its code (1); Σ places · digits is the code.

        Args:
            codes: Sign-magnitude codes (1), each below 2^bits in magnitude.
        """
        if self.phases == 2:
            parts = torch.cat(
                (codes.clamp(min=0)[None], codes.neg().clamp_(min=0)[None])
            )
            signs = None
        else:
            parts = codes.abs()[None]
            signs = codes.sign()
        shifts = self.width * torch.arange(
            self.cycles // self.phases, dtype=codes.dtype, device=codes.device
        )
        found = torch.bitwise_right_shift(parts[:, None], shifts[:, None, None])
        found = found.bitwise_and_(2**self.width - 1).flatten(0, 1)
        return found if signs is None else found.mul_(signs)

    def slices(
        self,
        codes: Int32[Tensor, "batch rows"],
        dac: SignedConverter | None = None,
        *,
        dtype: torch.dtype = torch.float32,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "cycles batch rows"]:
        """Row voltages of every cycle (V). Σ weights · slices is code · amplitude/(2^bits − 1).

        Args:
            codes: Sign-magnitude codes (1).
            dac: Converter that makes the voltages; `slice_dac` if `None`.
            dtype: Type of the voltages.
            generator: Source of that converter's noise.

        Raises:
            ValueError: The converter has other bits than a cycle.
        """
        dac = dac or self.slice_dac
        if dac.bits != self.width:
            raise ValueError(
                f"Argument `dac` must have the {self.width} bits of a cycle, but has {dac.bits};"
                " change its bits, or `slice_bits`."
            )
        return dac(self.digits(codes).to(dtype).mul_(dac.lsb), generator)

    def combine(
        self, results: Float[Tensor, "cycles batch cols"]
    ) -> Float[Tensor, "batch cols"]:
        """Shift and add: the results of all cycles as one, in their unit.

        Raises:
            ValueError: There are more or fewer results than cycles.
        """
        check_shape(results, "results", (self.cycles, None, None))
        total = results[0] * self.weights[0]
        for weight, result in zip(self.weights[1:], results[1:], strict=True):
            total.add_(result, alpha=weight)
        return total

    def count(
        self, batch: int, rows: int, cols: int, rows_at_once: int | None = None
    ) -> ConversionCount:
        """Steps and conversions of a product.

        Args:
            batch: Input vectors (1).
            rows: Rows driven (1).
            cols: Columns read, each with one conversion in each step (1).
            rows_at_once: Rows in a step (1); all of them if `None`.
        """
        cycles = batch * self.cycles
        groups = len(row_groups(rows, rows_at_once))
        return ConversionCount(
            cycles * groups, cycles * rows, cycles * groups * cols
        )


def row_groups(rows: int, rows_at_once: int | None = None) -> tuple[slice, ...]:
    """Rows that are driven together: neighbours, as many as allowed, the last group the rest.

    Each group's columns are converted on their own, and the codes are added.

    Args:
        rows: Number of rows (1).
        rows_at_once: Most rows in a group (1); all of them if `None`.

    Raises:
        ValueError: A number is below 1.

    >>> row_groups(5, 2)
    (slice(0, 2, None), slice(2, 4, None), slice(4, 5, None))
    """
    check_between(rows, "rows", 1, 2**31, "1")
    size = rows if rows_at_once is None else rows_at_once
    check_between(size, "rows_at_once", 1, 2**31, "1")
    return tuple(
        slice(start, min(start + size, rows)) for start in range(0, rows, size)
    )
