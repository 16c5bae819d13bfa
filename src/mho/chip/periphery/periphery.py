"""What stands around the cells in a multiply: drivers of the rows, readers of the columns."""

from dataclasses import dataclass, field, replace
from functools import cache

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from mho.checks import Configuration, check_between
from mho.chip.periphery.converters import SignedConverter
from mho.chip.periphery.encoding import ConversionCount, InputEncoding
from mho.chip.periphery.front_end import FrontEnd
from mho.chip.periphery.limits import LineLimits

_SQUARED = 1 << 15
"""Voltages squared at once (1)."""


@dataclass(frozen=True, slots=True)
class Periphery(Configuration):
    """Drivers and readers of a tile.

    Args:
        dac: Converter of inputs; its full scale is the largest row voltage (V). In slices it
            only gives bits and full scale, its errors are those of whole amplitudes.
        adc: Converter of column currents; every multiply brings its own full scale (A).
        slice_bits: Bits of an input that are driven at a time (1); all of them if `None`, one
            for bit-serial inputs. Each slice takes a step and a conversion of every column.
        phases: 2 if drivers make one sign only, so that negative inputs take steps of their own.
        rows_at_once: Rows driven at a time (1); all of them if `None`. Their columns are
            converted apart and added.
        front_end: Amplifier or integrator before the converter: the most sensitive gain that
            holds a multiply's full scale is used, and its full scale is that of the converter.
        limits: Currents that lines and drivers bear; what exceeds them is reported, not cut.

    Raises:
        ValueError: A number is out of its range, or a converter with errors meets slices.
    """

    dac: SignedConverter
    adc: SignedConverter
    slice_bits: int | None = None
    phases: int = 1
    rows_at_once: int | None = None
    front_end: FrontEnd | None = None
    limits: LineLimits = field(default_factory=LineLimits)

    def __post_init__(self) -> None:
        if self.rows_at_once is not None:
            check_between(self.rows_at_once, "rows_at_once", 1, 65_536, "1")
        cycles = self.encoding.cycles  # which checks bits and phases
        if not exact(self.dac) and cycles > 1:
            raise ValueError(
                "Argument `dac` must have no errors where inputs come in slices, but has some;"
                " give the errors to the slices' own converter in `InputEncoding.slices`."
            )

    @property
    def encoding(self) -> InputEncoding:
        """How inputs reach the rows."""
        return _encoding(
            self.dac.bits, self.dac.full_scale, self.slice_bits, self.phases
        )

    @property
    def plain(self) -> bool:
        """Whether converters only round, one time for each vector."""
        simple = self.encoding.cycles == 1 and self.front_end is None
        return simple and exact(self.dac) and exact(self.adc)

    def count(self, batch: int, rows: int, cols: int) -> ConversionCount:
        """Steps and conversions of a multiply; see `InputEncoding.count`."""
        return self.encoding.count(batch, rows, cols, self.rows_at_once)

    def nominal(
        self, voltage: Float[Tensor, "batch rows"]
    ) -> Float[Tensor, "cycles batch rows"]:
        """Row voltages of every cycle without errors (V)."""
        if self.plain:
            # what is below, without whole numbers in between
            dac = self.dac
            top = float(2**dac.bits - 1)
            codes = (voltage / dac.lsb).round_().clamp_(-top, top)
            volts = codes.mul_(dac.lsb)
            return volts.clamp_(-dac.full_scale, dac.full_scale)[None]
        return self.encoding.slices(
            self.encoding.codes(voltage), dtype=voltage.dtype
        )

    def squares(
        self, voltage: Float[Tensor, "batch rows"]
    ) -> Float64[Tensor, " rows"]:
        """Squares of each row's voltages without errors, summed over vectors and cycles (V²).

        Sums of squared codes, of 16 bits and a million vectors at most, are exact in any order.
        """
        if not self.plain:
            return self.nominal(voltage).double().square().sum((0, 1))
        lsb = self.dac.lsb
        top = float(2**self.dac.bits - 1)
        found = voltage.new_zeros(voltage.shape[1], dtype=torch.float64)
        # some at a time: as large as they came, they would leave the cache again and again
        few = max(_SQUARED // max(1, voltage.shape[1]), 1)
        for some in torch.split(voltage, few):
            codes = (some / lsb).round_().clamp_(-top, top)
            found += codes.double().square_().sum(0)
        return found.mul_(lsb**2)

    def driven(
        self,
        voltage: Float[Tensor, "batch rows"],
        generator: torch.Generator | None,
    ) -> Float[Tensor, "cycles batch rows"]:
        """Row voltages of every cycle (V)."""
        if self.encoding.cycles == 1:
            return self.dac(voltage, generator)[None]
        return self.nominal(voltage)

    def read(
        self,
        current: Float[Tensor, "batch cols"],
        full_scale: float | Float[Tensor, " cols"],
        generator: torch.Generator | None,
    ) -> Float[Tensor, "batch cols"]:
        """Column currents as they are read (A)."""
        wanted = torch.as_tensor(full_scale, dtype=current.dtype).reshape(1, -1)
        if self.front_end is None:
            unit = wanted / self.adc.full_scale
            return self.adc(current / unit, generator).mul_(unit)
        gain = self.front_end.choose(wanted, "column")
        adc = replace(self.adc, full_scale=self.front_end.swing)
        return self.front_end.digitise(current, gain, adc, generator)


@cache
def _encoding(
    bits: int, full_scale: float, slice_bits: int | None, phases: int
) -> InputEncoding:
    """An encoding, checked when it is first asked for: every product asks."""
    return InputEncoding(bits, full_scale, slice_bits, phases)


def exact(converter: SignedConverter) -> bool:
    """Whether a converter does nothing but round and saturate."""
    errors = (
        converter.inl,
        converter.noise_lsb,
        converter.offset,
        converter.gain_error,
    )
    return not any(errors)
