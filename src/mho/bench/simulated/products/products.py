"""Products of a simulated tile: from the cells at its crossings to digitised currents."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.abilities import Calls
from mho.bench.simulated.products.costs import ProductCosts
from mho.bench.simulated.products.crossings import (
    Crossings,
    checked_full_scale,
    crossings,
    crossings_of_groups,
)
from mho.bench.simulated.products.foresight import Coming, Foresight, one_of
from mho.bench.simulated.products.met_cells import MetCells
from mho.bench.simulated.products.tile_matrices import (
    matrices_of_groups,
    one_by_one,
    tile_matrices,
)
from mho.checks import check_shape
from mho.chip import (
    ArrayMatrices,
    Chip,
    Multiplier,
    WindowMultiplier,
    Windows,
)
from mho.chip.periphery import LimitReport, row_groups
from mho.device import Cells
from mho.ledger import Ledger
from mho.rng import Stream, in_order

_VECTORS = 64
"""Vectors for which all cells are held at once when they are followed."""


class Products:
    """Multiplies of a simulated chip.

    Args:
        chip: The chip.
        cells: Its cells.
        stream: Randomness of what is not the cells' own.
        read_noise: One of `READ_NOISES`.
    """

    def __init__(
        self, chip: Chip, cells: Cells, stream: Stream, read_noise: str
    ) -> None:
        self._chip = chip
        self._stream = stream
        self._periphery = chip.around
        self._costs = ProductCosts(chip)
        self._met = MetCells(cells, read_noise, self._costs)
        self._follows = read_noise == "sampled"
        self._foresight: Foresight | None = None

    @property
    def limits(self) -> LimitReport:
        """Where currents exceeded what lines and drivers bear, so far."""
        return self._costs.limits

    def __call__(
        self,
        voltage: Float[Tensor, "batch driven"],
        cells: Crossings,
        full_scale: float | Float[Tensor, " read"],
        *,
        now: float,
        number: int,
        transposed: bool = False,
    ) -> tuple[Float[Tensor, "batch read"], Ledger]:
        """Digitised currents, or differences of paired ones (A), and their cost.

        Args:
            voltage: Voltages of the driven lines of each input vector (V): rows, or columns.
            cells: Cells that add, and cells that subtract.
            full_scale: Largest current, or difference, to resolve (A), one or one for each
                line that is read.
            now: Time at the start (s).
            number: Number of the call, which names its randomness.
            transposed: Whether columns are driven and rows are read.
        """
        plus, minus = cells
        both = crossings(plus, minus, self._chip)
        driven_lines, read_lines = both.shape[1:]
        if transposed:
            self._check_transposed()
            driven_lines, read_lines = read_lines, driven_lines
        check_shape(voltage, "voltage", (None, driven_lines))
        full_scale = checked_full_scale(full_scale, read_lines)
        call = self._stream.child(number)
        if self._follows:
            return self._followed(voltage, both, full_scale, now, call)
        if self._foresight:
            matrices, seen = self._foresight.product(both, now)
        else:
            value, variance = self._met.at(both, now)
            matrices, seen = self._solved(both, value[None], variance[None])
        if transposed:
            # by reciprocity: what a column's voltage makes at a row is what the row's makes there
            matrices = matrices.transposed()
            seen = seen.transpose(-1, -2)
        multiply = Multiplier(matrices, self._periphery, full_scale)
        draws = multiply.draws(call.child("noise"))
        current = multiply(voltage, draws)
        cost = self._costs.booked(voltage, seen.mean(0))
        return current, cost

    def _check_transposed(self) -> None:
        """Refuse to drive columns where that is something else than rows exchanged with them.

        Raises:
            ValueError: In one sentence.
        """
        around = self._periphery
        for why, there in (
            ("drives some rows at a time", around.rows_at_once is not None),
            ("has limits of its lines", around.limits.any),
            ("follows cells", self._follows),
        ):
            if there:
                raise ValueError(
                    "Argument `transposed` must be left out for a bench that"
                    f" {why}; put the transpose on tiles of its own."
                )

    def of_groups(
        self,
        voltage: Float[Tensor, "groups batch rows"],
        cells: tuple[Tensor, Tensor | None],
        full_scales: Sequence[float],
        *,
        now: float,
        number: int,
    ) -> tuple[Float[Tensor, "groups batch cols"], list[Ledger]]:
        """Currents of blocks of one shape, one product after the other (A), and their costs.

        Cells are looked at in the order of time; wires are solved together.

        Args:
            voltage: Row voltages of each product (V).
            cells: Cells that add, and cells that subtract, of each.
            full_scales: Largest current, or difference, to resolve of each (A).
            now: Time at the start of the first (s).
            number: Number of the first call, which names its randomness.
        """
        if self._follows or self._foresight:
            return self._one_by_one(
                voltage, cells, full_scales, now=now, number=number
            )
        both = crossings_of_groups(*cells, self._chip)
        check_shape(voltage, "voltage", (both.shape[0], None, both.shape[2]))
        met = self._met.in_turn(both, now, voltage.shape[1])
        matrices, seen = matrices_of_groups(self._chip, both, *met)
        currents = []
        costs = []
        for place, rows in enumerate(voltage):
            full_scale = checked_full_scale(full_scales[place], both.shape[3])
            multiply = Multiplier(
                one_of(matrices, place), self._periphery, full_scale
            )
            call = self._stream.child(number + place)
            currents.append(multiply(rows, multiply.draws(call.child("noise"))))
            costs.append(self._costs.booked(rows, seen[place]))
        return torch.stack(currents), costs

    def of_windows(
        self,
        windows: Windows,
        cells: tuple[Tensor, Tensor | None],
        full_scales: Sequence[float],
        *,
        now: float,
        number: int,
    ) -> tuple[Float[Tensor, "batch results _ _"], list[Ledger]]:
        """Currents of blocks of one shape for windows of images (A), and the costs of each.

        Args:
            windows: Row voltages of each block (V).
            cells: Cells that add, and cells that subtract, of each.
            full_scales: Largest current, or difference, to resolve of each (A).
            now: Time at the start of the first (s).
            number: Number of the first call, which names its randomness.
        """
        around = self._periphery
        simple = around.plain and not around.rows_at_once
        followed = self._follows or self._foresight
        if followed or not simple or around.limits.any:
            currents, costs = self.of_groups(
                windows.written_out(),
                cells,
                full_scales,
                now=now,
                number=number,
            )
            return windows.as_images(currents), costs
        both = crossings_of_groups(*cells, self._chip)
        check_shape(both, "plus", (windows.groups, None, windows.rows, None))
        for full_scale in full_scales:
            checked_full_scale(full_scale, both.shape[3])
        met = self._met.in_turn(both, now, windows.vectors)
        matrices, seen = matrices_of_groups(self._chip, both, *met)
        multiply = WindowMultiplier(matrices, around, full_scales)
        stream = self._stream.child(number).child("noise")
        images, squares = multiply(windows, stream)
        return images, self._costs.booked_groups(windows.vectors, squares, seen)

    def _one_by_one(
        self,
        voltage: Float[Tensor, "groups batch rows"],
        cells: tuple[Tensor, Tensor | None],
        full_scales: Sequence[float],
        *,
        now: float,
        number: int,
    ) -> tuple[Float[Tensor, "groups batch cols"], list[Ledger]]:
        """The same where cells are followed, or where wires have been solved ahead."""
        adding, taking = cells
        currents = []
        costs = []
        for place, rows in enumerate(voltage):
            minus = None if taking is None else taking[place]
            current, cost = self(
                rows,
                (adding[place], minus),
                full_scales[place],
                now=now,
                number=number + place,
            )
            now += cost.seconds
            currents.append(current)
            costs.append(cost)
        return torch.stack(currents), costs

    def foresee(
        self,
        calls: Calls,
        moments: Sequence[float],
    ) -> None:
        """Expect the same products at each of several times, and nothing else before and between.

        Args:
            calls: Cells and number of vectors of each product of a look.
            moments: When looks begin, rising (s). None: whatever was expected does not come.
        """
        self._foresight = None
        if not moments or self._follows:
            return
        coming = []
        for (plus, minus), vectors in calls:
            both = crossings(plus, minus, self._chip)
            coming.append(
                Coming(both, self._costs.seconds(vectors, tuple(both.shape)))
            )
        self._foresight = Foresight(coming, moments, self._met.at, self._solved)

    def _solved(
        self,
        both: Int64[Tensor, "sides rows cols"],
        value: Float[Tensor, "times sides rows cols"],
        variance: Float[Tensor, "times sides rows cols"],
    ) -> tuple[ArrayMatrices, Float[Tensor, "times sides rows cols"]]:
        """Matrices with the wires, and effective conductances (S)."""
        return tile_matrices(self._chip, both, value, variance)

    def prepare(
        self,
        blocks: Sequence[Crossings],
        full_scale: float | Float[Tensor, " cols"],
        now: float,
    ) -> Multiplier:
        """A multiplier of blocks as they are now, noise by its moments; see `SimulatedBench`."""
        signals = []
        variances = []
        bents = []
        for plus, minus in blocks:
            both = crossings(plus, minus, self._chip)
            mean, noise = self._met.moments(both, now)
            matrices, _ = tile_matrices(
                self._chip, both, mean[None], noise[None]
            )
            signals.append(matrices.signal)
            variances.append(matrices.variance)
            bents.append(matrices.bent)
        joint = ArrayMatrices(
            torch.cat(signals),
            torch.cat([some for some in variances if some is not None]),
            _joint_curvature(signals, bents),
        )
        return Multiplier(joint, self._periphery, full_scale)

    def met(
        self, both: Int64[Tensor, "sides rows cols"], now: float
    ) -> tuple[Tensor, Tensor]:
        """Conductance of the cells during a product (S), and how far it varies (S²)."""
        return self._met.at(both, now)

    def _followed(
        self,
        voltage: Float[Tensor, "batch rows"],
        both: Int64[Tensor, "sides rows cols"],
        full_scale: float | Float[Tensor, " cols"],
        now: float,
        call: Stream,
    ) -> tuple[Float[Tensor, "batch cols"], Ledger]:
        """Currents of vector after vector, every cell sampled for each (A), and their cost."""
        around = self._periphery
        generator = call.generator()
        currents = []
        cost = Ledger()
        for vectors in torch.split(voltage, _VECTORS):
            value = self._met.values(both, now + cost.seconds, vectors.shape[0])
            matrices, seen = tile_matrices(self._chip, both, value)
            cycles = []
            for driven in around.driven(vectors, generator):
                parts = []
                for rows in row_groups(both.shape[1], around.rows_at_once):
                    current = one_by_one(driven, matrices, rows)
                    parts.append(around.read(current, full_scale, generator))
                cycles.append(in_order(torch.stack(parts)))
            combined = around.encoding.combine(torch.stack(cycles))
            currents.append(combined)
            cost += self._costs.booked(vectors, seen.mean(0))
        return torch.cat(currents), cost


def _joint_curvature(
    signals: Sequence[Float[Tensor, "times rows cols"]],
    bents: Sequence[Float[Tensor, "times rows cols"] | None],
) -> Float[Tensor, "blocks rows cols"] | None:
    """Curvature of several blocks; `None` if no block has any."""
    if all(bent is None for bent in bents):
        return None
    whole = [
        torch.zeros_like(signal) if bent is None else bent
        for signal, bent in zip(signals, bents, strict=True)
    ]
    return torch.cat(whole)
