"""Modules on tiles with drawn cells: equal to the module where nothing errs, and to theory."""

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

import mho
from mho.chip.periphery import Periphery, SignedConverter
from mho.ledger import Ledger
from mho.mapping import DifferentialPairs
from mho.programming import ErrorTable
from mho.statistical.convert import ConvertedModule, convert
from mho.units import uS

LOW = 50 * uS
HIGH = 500 * uS
FINE = Periphery(SignedConverter(16, 0.2), SignedConverter(20, 1.0))


def exact(variance: float = 0.0, error: float = 0.0) -> ErrorTable:
    """Cells with one error and one noise, none of them stuck."""
    shape = (2, 4)
    spread = torch.full(shape, variance)
    return ErrorTable(
        LOW, HIGH, torch.full(shape, error), spread, torch.ones(0), 8, Ledger()
    )


def ready(
    module: nn.Module, samples: Tensor, rows: int = 256, **names: object
) -> ConvertedModule:
    """A module on exact cells behind fine converters."""
    chip = mho.Chip("rao2023", rows=rows, periphery=FINE)
    found = convert(module, chip, **names)  # type: ignore[arg-type]
    found.program(exact(), mho.Stream(0))
    found.calibrate(samples)
    return found


def inputs(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=mho.Stream(7).generator())


KINDS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "linear": (lambda: nn.Linear(300, 20), (4, 300)),
    "tokens": (lambda: nn.Linear(30, 20, bias=False), (4, 5, 30)),
    "image": (lambda: nn.Conv2d(5, 7, 3, padding=1), (3, 5, 12, 12)),
    "few positions": (
        lambda: nn.Conv2d(70, 7, 3, stride=2, padding=1),
        (3, 70, 7, 7),
    ),
    "oblong": (
        lambda: nn.Conv2d(6, 4, (3, 5), (2, 1), (1, 2), (1, 2)),
        (2, 6, 20, 19),
    ),
    "oblong, few": (
        lambda: nn.Conv2d(6, 4, (3, 5), (2, 1), (1, 2), (1, 2)),
        (2, 6, 9, 9),
    ),
    "groups": (lambda: nn.Conv2d(12, 8, 3, padding=1, groups=4), (2, 12, 9, 9)),
    "groups, few": (
        lambda: nn.Conv2d(12, 8, 3, padding=1, groups=4),
        (2, 12, 4, 4),
    ),
    "depthwise": (
        lambda: nn.Conv2d(10, 10, 3, padding="same", groups=10),
        (2, 10, 8, 8),
    ),
    "uneven": (lambda: nn.Conv2d(64, 3, 3, padding="valid"), (2, 64, 10, 10)),
    "reflected": (
        lambda: nn.Conv2d(3, 4, 3, padding=2, padding_mode="reflect"),
        (2, 3, 10, 10),
    ),
    "circular": (
        lambda: nn.Conv1d(3, 4, 3, padding="same", padding_mode="circular"),
        (2, 3, 60),
    ),
    "signal": (lambda: nn.Conv1d(3, 4, 5, stride=2, dilation=2), (2, 3, 150)),
    "transposed": (
        lambda: nn.ConvTranspose2d(6, 4, 3, 2, 1, 1, groups=2),
        (2, 6, 5, 5),
    ),
    "transposed signal": (lambda: nn.ConvTranspose1d(6, 4, 4, 3), (2, 6, 30)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [256, 32])
def test_exact_cells_compute_what_the_module_does(kind: str, rows: int) -> None:
    """Sixteen bits of inputs and twenty of sums leave 1e-4, in every way to divide rows."""
    torch.manual_seed(0)
    make, shape = KINDS[kind]
    module = make()
    samples = inputs(*shape)
    found = ready(module, samples, rows)(samples)
    wanted = module(samples).detach()
    assert found.shape == wanted.shape
    assert float((found - wanted).abs().max()) < 1e-4 * float(
        wanted.abs().max()
    )


class Both(nn.Module):
    """A layer that two names share, one that is kept digital, and a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.again = self.first
        self.head = nn.Linear(3 * 64, 5)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(
            self.again(self.norm(self.first(image)).relu()).flatten(1)
        )


def test_a_shared_layer_is_one_layer_on_tiles() -> None:
    torch.manual_seed(0)
    module = Both().eval()
    samples = inputs(4, 3, 8, 8)
    found = ready(module, samples, digital=("head",))
    assert [layer.name for layer in found.layers] == ["first"]
    assert found.account.cells == 2 * 81
    torch.testing.assert_close(
        found(samples), module(samples), rtol=0, atol=2e-4
    )


def test_account_names_every_module_with_parameters() -> None:
    module = nn.ModuleDict(
        {
            "conv": nn.Conv2d(3, 3, 3),
            "norm": nn.BatchNorm2d(3),
            "volume": nn.Conv3d(1, 1, 2),
            "attention": nn.MultiheadAttention(8, 2),
            "memory": nn.LSTM(4, 4),
            "weighted": nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)),
            "big": nn.Conv2d(1, 1, 20),
            "head": nn.Sequential(nn.Linear(3, 2)),
        }
    )
    account = convert(module, digital=("head.*",)).account
    runs = {entry.name: entry.runs for entry in account.modules}
    assert runs == {
        "conv": "analog",
        "norm": "digital",
        "volume": "refused",
        "attention": "refused",
        "memory": "refused",
        "weighted": "refused",
        "big": "analog",
        "head.0": "digital by choice",
    }
    assert all(entry.why for entry in account.of("refused"))
    total = sum(parameter.numel() for parameter in module.parameters())
    assert sum(entry.size for entry in account.modules) == total
    assert "in one call" in str(account)


def test_no_layer_on_tiles_is_an_error_that_says_why() -> None:
    module = nn.Sequential(nn.LSTM(4, 4), nn.Linear(4, 2))
    with pytest.raises(
        ValueError, match=r"0, refused: computes .*; 1, digital by choice"
    ):
        convert(module, digital=("1",))
    with pytest.raises(ValueError, match="no module with parameters"):
        convert(nn.ReLU())


def test_mistyped_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="head"):
        convert(Both(), digital=("haed",))


def test_a_layer_that_is_never_called_is_an_error() -> None:
    """Its weights were read past its back, so its tiles would be decoration."""

    class Peeking(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Linear(4, 4)
            self.other = nn.Linear(4, 4)

        def forward(self, vectors: Tensor) -> Tensor:
            return self.one(vectors)

    found = convert(Peeking())
    found.program(exact(), mho.Stream(0))
    with pytest.raises(ValueError, match="call its layer `other`"):
        found.calibrate(inputs(2, 4))


def test_order_of_use_is_asked_for() -> None:
    found = convert(nn.Linear(4, 2))
    with pytest.raises(ValueError, match="`table` must be given to `program`"):
        found(inputs(2, 4))
    found.program(exact(), mho.Stream(0))
    with pytest.raises(
        ValueError, match="`samples` must be given to `calibrate`"
    ):
        found(inputs(2, 4))


def test_the_module_stays_as_it_is_and_nothing_is_copied() -> None:
    module = Both()
    before = copy.deepcopy(module.state_dict())
    found = convert(module)
    found.program(exact(error=1 * uS), mho.Stream(0))
    assert type(module.first) is nn.Conv2d
    assert (
        found.layers[0].layers[0].weight.data_ptr()
        == module.first.weight.data_ptr()
    )
    assert module.training
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_what_is_done_to_the_result_leaves_the_original_alone() -> None:
    """Moved to double precision, and loaded with other norms: no bit of the original differs."""
    module = Both().eval()
    samples = inputs(2, 3, 8, 8)
    before = copy.deepcopy(module.state_dict())
    found = convert(module, digital=("head",))
    wanted = found.software_outputs(samples)["output"]
    state = {
        name: torch.zeros_like(tensor)
        for name, tensor in found.state_dict().items()
    }
    found.load_state_dict(state)
    found.to(torch.float64)
    for name, tensor in module.state_dict().items():
        assert tensor.dtype == before[name].dtype
        assert torch.equal(tensor, before[name])
    assert torch.equal(found.software_outputs(samples)["output"], wanted)


def test_a_module_in_double_precision_stays_in_it() -> None:
    """One cell in a hundred is stuck, never both of a pair; the others are exact."""
    module = nn.Sequential(nn.Conv2d(5, 7, 3), nn.Flatten()).double()
    samples = inputs(3, 5, 12, 12).double()
    table = replace(exact(), held=torch.full((3,), 1000 * uS), programmed=300)
    found = convert(module, mho.Chip("rao2023", periphery=FINE))
    found.program(table, mho.Stream(0))
    found.calibrate(samples)
    result = found(samples)
    wanted = module(samples).detach()
    assert result.dtype == torch.float64
    assert float((result - wanted).abs().max()) < 1e-3 * float(
        wanted.abs().max()
    )


@pytest.mark.parametrize("kind", ["linear", "image"])
def test_no_samples_have_no_outputs(kind: str) -> None:
    make, shape = KINDS[kind]
    samples = inputs(*shape)
    found = ready(make(), samples)
    assert found(samples[:0]).shape == (0, *found(samples).shape[1:])


@pytest.mark.parametrize("shape", [(64, 40, 12, 12), (512, 40, 4, 4)])
def test_noise_of_a_convolution_has_the_variance_of_its_cells(
    shape: tuple[int, ...],
) -> None:
    """Variance of a sum: twice the cells' times the squared inputs, in units of the weights.

    Both ways to compute, by images and by vectors; inputs of one value, kernels inside.
    """
    cells = (1.0 * uS) ** 2
    module = nn.Conv2d(40, 6, 3, bias=False)
    samples = torch.full(shape, 0.5)
    found = convert(module, mho.Chip("rao2023", periphery=FINE))
    found.program(exact(variance=cells), mho.Stream(3))
    # room for the noise beside the largest of these equal sums
    found.calibrate(1.2 * samples)
    noise = found(samples) - module(samples).detach()
    scale = (HIGH - LOW) / float(module.weight.detach().abs().max())
    wanted = 2 * cells * 40 * 9 * 0.5**2 / scale**2
    assert float(noise.mean()) == pytest.approx(
        0, abs=5 * (wanted / noise.numel()) ** 0.5
    )
    assert float(noise.var()) == pytest.approx(
        wanted, rel=5 * (2 / noise.numel()) ** 0.5
    )
    both = noise.transpose(0, 1).flatten(1)
    assert (
        float(torch.corrcoef(both).fill_diagonal_(0).abs().max())
        < 5 / both.shape[1] ** 0.5
    )


def test_errors_of_pairs_are_those_of_their_cells() -> None:
    """A cell too high by an error adds it to positive weights and takes it from negative ones."""
    table = exact()
    table.error[1] = 2 * uS
    weight = torch.tensor([[0.5, -0.25, 0.0]])
    module = nn.Linear(3, 1, bias=False)
    module.weight.data = weight
    found = convert(module, mho.Chip("rao2023", periphery=FINE))
    found.program(table, mho.Stream(0))
    # room for what the error adds
    found.calibrate(1.1 * torch.eye(3))
    error = 2 * uS * 0.5 / (HIGH - LOW)
    wanted = weight + torch.tensor([[error, -error, 0.0]])
    torch.testing.assert_close(found(torch.eye(3)).T, wanted, rtol=0, atol=2e-5)


def test_partners_make_up_for_stuck_cells_as_far_as_they_reach() -> None:
    """A cell stuck at 1 mS, its partner free up to the chip's highest: nothing is lost.

    One cell in a hundred is stuck, here never both of a pair, for which nobody makes up.
    Stuck at 4.4 mS, above it: the rest is lost, and the pair errs by all that is missing.
    """
    shape = (2, 4)
    for held, lost in ((1000 * uS, 0.0), (4400 * uS, 4400 * uS - 4144 * uS)):
        table = ErrorTable(
            LOW,
            HIGH,
            torch.zeros(shape),
            torch.zeros(shape),
            torch.full((3,), held),
            300,
            Ledger(),
        )
        module = nn.Linear(40, 30, bias=False)
        found = convert(module, mho.Chip("rao2023", periphery=FINE))
        found.program(table, mho.Stream(5))
        found.calibrate(torch.eye(40))
        scale = (HIGH - LOW) / float(module.weight.detach().abs().max())
        error = (found(torch.eye(40)).T - module.weight.detach()).abs() * scale
        if lost:
            assert (
                lost - (HIGH - LOW) < float(error.max()) < lost + (HIGH - LOW)
            )
        else:
            assert float(error.max()) < 1 * uS


def test_a_sample_meets_the_same_noise_in_any_batch() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(30, 4, 3), nn.Conv2d(4, 40, 3, stride=3), nn.Flatten()
    )
    samples = inputs(6, 30, 12, 12)

    def fresh() -> ConvertedModule:
        found = convert(module)
        found.program(exact(variance=(1 * uS) ** 2), mho.Stream(4))
        found.calibrate(samples)
        return found

    whole = fresh()
    parts = fresh()
    together = whole(samples)
    apart = torch.cat([parts(part) for part in torch.split(samples, 2)])
    step = float(together.abs().max()) / 2**7
    assert float((together - apart).abs().mean()) < step / 100
    assert not torch.equal(whole(samples), together)


def test_seeds_name_chips() -> None:
    module = nn.Linear(50, 20)
    samples = inputs(8, 50)
    table = exact()
    table.error.copy_(
        torch.randn(2, 4, generator=mho.Stream(1).generator()) * uS
    )
    found = convert(module)

    def outputs(seed: int) -> Tensor:
        found.program(table, mho.Stream(seed))
        found.calibrate(samples)
        return found(samples)

    first = outputs(0)
    other = outputs(1)
    again = outputs(0)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_column_scale_and_clipping_are_the_mapping_s() -> None:
    torch.manual_seed(0)
    module = nn.Linear(60, 9)
    samples = inputs(8, 60)
    mapping = DifferentialPairs(LOW, HIGH, scale="column")
    torch.testing.assert_close(
        ready(module, samples, mapping=mapping)(samples),
        module(samples),
        rtol=0,
        atol=1e-4,
    )


def test_levels_are_the_mapping_s() -> None:
    """With three levels of a cell, weights are halves of the largest."""
    module = nn.Linear(5, 1, bias=False)
    module.weight.data = torch.tensor([[1.0, 0.7, 0.3, -0.2, -0.8]])
    found = ready(
        module, torch.eye(5), mapping=DifferentialPairs(LOW, HIGH, levels=3)
    )
    wanted = torch.tensor([[1.0, 0.5, 0.5, 0.0, -1.0]])
    torch.testing.assert_close(found(torch.eye(5)).T, wanted, rtol=0, atol=1e-4)


def test_weights_that_are_all_but_zero_are_zeros() -> None:
    """A group of channels that training left with denormal weights has no finite scale."""
    module = nn.Conv2d(2, 2, 3, groups=2, bias=False)
    module.weight.data[0] = 1e-42
    module.weight.data[0, 0, 0] = 0
    samples = inputs(2, 2, 9, 9)
    found = ready(module, samples)(samples)
    torch.testing.assert_close(found, module(samples), rtol=0, atol=1e-3)


def test_a_table_of_another_range_is_refused() -> None:
    found = convert(nn.Linear(2, 2), mapping=DifferentialPairs(LOW, 2 * HIGH))
    with pytest.raises(
        ValueError, match="`table` must reach from 50 µS to 1 mS"
    ):
        found.program(exact(), mho.Stream(0))


@pytest.mark.parametrize(
    ("chip", "mapping", "message"),
    [
        (
            mho.Chip(periphery=Periphery(FINE.dac, FINE.adc, slice_bits=1)),
            None,
            "only round",
        ),
        (mho.Chip(), DifferentialPairs(1e-9, HIGH), "stay within"),
    ],
)
def test_unfit_chips_and_mappings_are_refused(
    chip: mho.Chip, mapping: DifferentialPairs | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        convert(nn.Linear(2, 2), chip, mapping=mapping)


def test_weights_that_are_not_finite_are_refused_by_name() -> None:
    module = nn.Sequential(nn.Linear(2, 2))
    module[0].weight.data[0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"0\.weight"):
        convert(module)
