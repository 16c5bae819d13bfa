"""Products of a simulated tile: from the cells at its crossings to digitised currents."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.simulated.chunks import in_chunks
from mho.checks import check_choice, check_positive, check_shape
from mho.chip import ArrayMatrices, Chip, Multiplier
from mho.chip.periphery import LimitReport, line_currents, row_groups
from mho.device.filament import Cells, moments
from mho.ledger import Ledger
from mho.rng import Stream, in_order
from mho.wires import effective_pair

_VECTORS = 64
"""Vectors for which all cells are held at once when they are followed."""

READ_NOISES = ("frozen", "moments", "sampled")
"""How noise enters a product: traps stand still during a call and the white rest is fresh for
every vector; all of it is fresh, with the long-run mean and variance of every cell; or every cell
is followed from vector to vector."""


Crossings = tuple[Int64[Tensor, "rows cols"], Int64[Tensor, "rows cols"] | None]
"""Cells that add, and cells that subtract; `None` for columns that are read one by one."""


def crossings(
    plus: Int64[Tensor, "rows cols"],
    minus: Int64[Tensor, "rows cols"] | None,
    chip: Chip,
) -> Int64[Tensor, "sides rows cols"]:
    """Cells that take part, checked to lie where rows can be driven and columns summed.

    Args:
        plus: Cells that add.
        minus: Cells that subtract; without them columns are read one by one.
        chip: The chip.

    Returns:
        Shape (2, rows, cols) for pairs, (1, rows, cols) without.

    Raises:
        ValueError: Cells are not all on one tile, in its rows and columns as in the matrix.
    """
    both = plus[None] if minus is None else torch.stack((plus, minus))
    size = chip.rows * chip.cols
    if both.numel() == 0 or int(both.min()) < 0 or int(both.max()) >= chip.cells:
        raise ValueError(
            f"Arguments `plus` and `minus` must name cells 0 to {chip.cells - 1}."
        )
    low = int(both.min()) // size
    high = int(both.max()) // size
    if low < high:
        raise ValueError(
            f"Arguments `plus` and `minus` must name cells of one tile, but lie on tiles {low} to"
            f" {high}; multiply tile by tile."
        )
    row = both % size // chip.cols
    col = both % chip.cols
    for name, fits, lines in (
        ("row", row == row[:1, :, :1], row[0, :, 0]),
        ("column", col == col[:, :1], col[:, 0].flatten()),
    ):
        if not fits.all() or len(set(lines.tolist())) < lines.numel():
            raise ValueError(
                f"Arguments `plus` and `minus` must follow the lines of the tile, but not every"
                f" {name} of the matrix is one {name} of cells, each used once."
            )
    return both


def checked(
    full_scale: float | Float[Tensor, " cols"], cols: int
) -> float | Float[Tensor, " cols"]:
    """Full scales of converters (A), each above zero.

    Raises:
        ValueError: One is not above zero, or there is neither one nor one for each column.
    """
    if isinstance(full_scale, Tensor):
        check_shape(full_scale, "full_scale", (cols,))
        check_positive(float(full_scale.amin()), "full_scale", "A")
        check_positive(float(full_scale.amax()), "full_scale", "A")
        # as precise as one number is, so that both give the same codes
        return full_scale.double()
    check_positive(full_scale, "full_scale", "A")
    return full_scale


def solved(
    chip: Chip,
    both: Int64[Tensor, "sides rows cols"],
    conductance: Float[Tensor, "times sides rows cols"],
    variance: Float[Tensor, "times sides rows cols"] | None = None,
) -> tuple[ArrayMatrices, Float[Tensor, "sides rows cols"]]:
    """Matrices of a tile with its wires, and the effective conductances of its cells (S).

    The linear part is exact. What deviates, noise and curvature, is small: a deviation of a
    cell's current counts by what its own current loses, partly on the way in and partly on the
    way out, which is W/G together.

    Args:
        chip: The chip.
        both: Cells that take part, from `crossings`.
        conductance: Their conductance at zero bias, at one time or several (S).
        variance: Its variance (S²).
    """
    size = (chip.rows, chip.cols)
    place = both % (chip.rows * chip.cols)
    # a selector takes a row that waits its turn off its bit lines; a passive one stays
    together = None if chip.biasing else chip.around.rows_at_once
    parts = [
        effective_pair(chip.lines, size, place[:, rows], conductance[:, :, rows])
        for rows in row_groups(both.shape[1], together)
    ]
    seen = torch.cat(parts, 2)
    kept = torch.where(conductance > 0, seen / conductance, 0.0).square_()
    bent = conductance * chip.cell.cubic(conductance) * kept
    curved = _balance(bent) if bent.any() else None
    noise = None if variance is None else (variance * kept).sum(1)
    return ArrayMatrices(_balance(seen), noise, curved), seen.mean(0)


def _balance(
    sides: Float[Tensor, "times sides rows cols"],
) -> Float[Tensor, "times rows cols"]:
    """What adds less what subtracts, if anything does."""
    return sides[:, 0] - sides[:, 1] if sides.shape[1] == 2 else sides[:, 0]


def one_by_one(
    voltage: Float[Tensor, "batch rows"], matrices: ArrayMatrices, rows: slice
) -> Float[Tensor, "batch cols"]:
    """Currents of some rows of vectors that each meet a matrix of their own (A)."""
    current = torch.einsum("br,brc->bc", voltage[:, rows], matrices.signal[:, rows])
    if matrices.bent is not None:
        current += torch.einsum(
            "br,brc->bc", voltage[:, rows] ** 3, matrices.bent[:, rows]
        )
    return current


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
        check_choice(read_noise, "read_noise", READ_NOISES)
        self._chip = chip
        self._cells = cells
        self._stream = stream
        self._read_noise = read_noise
        self._periphery = chip.around
        self._vector_time = chip.published.array.vector_time
        self._conversion = chip.published.array.conversion_energy
        self.limits = LimitReport()

    def __call__(
        self,
        voltage: Float[Tensor, "batch rows"],
        cells: Crossings,
        full_scale: float | Float[Tensor, " cols"],
        *,
        now: float,
        number: int,
    ) -> tuple[Float[Tensor, "batch cols"], Ledger]:
        """Digitised currents, or differences of paired ones (A), and their cost.

        Args:
            voltage: Row voltages of each input vector (V).
            cells: Cells that add, and cells that subtract.
            full_scale: Largest current, or difference, to resolve (A), one or one for each
                column.
            now: Time at the start (s).
            number: Number of the call, which names its randomness.
        """
        both = crossings(*cells, self._chip)
        check_shape(voltage, "voltage", (None, both.shape[1]))
        full_scale = checked(full_scale, both.shape[2])
        call = self._stream.child(number)
        if self._read_noise == "sampled":
            return self._followed(voltage, both, full_scale, now, call)
        value, variance = self._seen(both, now)
        found, seen = solved(self._chip, both, value[None], variance[None])
        ready = Multiplier(found, self._periphery, full_scale)
        current = ready(voltage, ready.draws(call.child("noise")))
        return current, self._booked(self._periphery.nominal(voltage), seen)

    def prepare(
        self,
        blocks: Sequence[Crossings],
        full_scale: float | Float[Tensor, " cols"],
        now: float,
    ) -> Multiplier:
        """A multiplier of blocks as they are now, noise by its moments; see `SimulatedBench`."""
        found = []
        for plus, minus in blocks:
            both = crossings(plus, minus, self._chip)
            mean, variance = self._moments(both, now)
            found.append(solved(self._chip, both, mean[None], variance[None])[0])
        signal, variance = (
            torch.cat([getattr(m, n) for m in found]) for n in ("signal", "variance")
        )
        bent = [torch.zeros_like(m.signal) if m.bent is None else m.bent for m in found]
        curved = torch.cat(bent) if any(m.bent is not None for m in found) else None
        return Multiplier(
            ArrayMatrices(signal, variance, curved), self._periphery, full_scale
        )

    def _seen(
        self, both: Int64[Tensor, "sides rows cols"], now: float
    ) -> tuple[Tensor, Tensor]:
        """Conductance of the cells during a product (S), and how far it varies (S²)."""
        if self._read_noise == "moments":
            return self._moments(both, now)
        value = self._values(both, now, 1)[0]
        return value, self._cells.noise_variance(value, self._vector_time)

    def _moments(
        self, both: Int64[Tensor, "sides rows cols"], now: float
    ) -> tuple[Tensor, Tensor]:
        """Long-run mean (S) and variance (S²) of the cells' conductance during a product."""
        time = self._vector_time
        parts = in_chunks(
            lambda some: moments(self._cells, some, now, time), 1, both.flatten()
        )
        mean, variance = (torch.cat(part) for part in zip(*parts, strict=True))
        return mean.view(both.shape).clamp_(min=0), variance.view(both.shape)

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
            value = self._values(both, now + cost.seconds, vectors.shape[0])
            found, seen = solved(self._chip, both, value)
            cycles = []
            for driven in around.driven(vectors, generator):
                parts = [
                    around.read(one_by_one(driven, found, rows), full_scale, generator)
                    for rows in row_groups(both.shape[1], around.rows_at_once)
                ]
                cycles.append(in_order(torch.stack(parts)))
            currents.append(around.encoding.combine(torch.stack(cycles)))
            cost += self._booked(around.nominal(vectors), seen)
        return torch.cat(currents), cost

    def _values(
        self, both: Int64[Tensor, "sides rows cols"], now: float, vectors: int
    ) -> Float[Tensor, "vectors sides rows cols"]:
        """Conductance at zero bias during one vector after another (S)."""
        time = self._vector_time * self._periphery.count(1, *both.shape[1:]).steps
        parts = in_chunks(
            lambda some: self._cells.sample(some, now, time, time, vectors),
            vectors,
            both.flatten(),
        )
        # noise may take a cell that conducts next to nothing a little below it
        return torch.cat(parts, 1).view(-1, *both.shape).clamp_(min=0)

    def _booked(
        self,
        driven: Float[Tensor, "cycles batch rows"],
        seen: Float[Tensor, "sides rows cols"],
    ) -> Ledger:
        """Cost of vectors on cells of these effective conductances (S); looks at the limits."""
        (_, batch, rows) = driven.shape
        (sides, _, cols) = seen.shape
        count = self._periphery.count(batch, rows, cols)
        squares = driven.double().square().sum((0, 1))
        sums = seen.double().sum((0, 2))
        for voltage in driven if self._periphery.limits.any else ():
            word, bit = line_currents(voltage, seen.transpose(0, 1).flatten(1))
            self.limits += self._periphery.limits.exceeded(word, bit)
        return Ledger(
            conversions=count.total,
            multiplies=sides * batch * rows * cols,
            seconds=count.steps * self._vector_time,
            read_joules=float((squares.numpy() * sums.numpy()).sum())
            * self._vector_time,
            converter_joules=count.total * self._conversion,
        )
