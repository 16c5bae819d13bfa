"""Converters of a product, as far as a solver minds them: bits in, bits out."""

from dataclasses import dataclass

from mho.checks import Configuration, check_between


@dataclass(frozen=True, slots=True)
class Converters(Configuration):
    """Inputs come in bits, one after the other; the currents of each are digitised.

    A row sees the read voltage of either sign or nothing, so that cells whose currents bend are
    as good as straight ones. Columns are digitised pair by pair and cell of a number by cell of a
    number; their range is what the largest inputs can make, so nothing is cut off.

    Args:
        input_bits: Bits of the magnitude of an input (1).
        output_bits: Bits of the magnitude of a current (1).

    Raises:
        ValueError: A number is out of range.
    """

    input_bits: int = 8
    output_bits: int = 8

    def __post_init__(self) -> None:
        check_between(self.input_bits, "input_bits", 1, 24, "1")
        check_between(self.output_bits, "output_bits", 1, 24, "1")
