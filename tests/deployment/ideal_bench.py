"""A chip that adds nothing of its own, with a network in it, and networks without symmetry."""

import torch
from torch import Tensor, nn

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.chip.periphery import Periphery, SignedConverter
from mho.deployment import DeployedNetwork, deploy
from mho.device.published import preset
from mho.mapping import tiles_needed
from mho.network import Network, read_network
from mho.network.operations import LinearLayer
from mho.programming import ProgramProtocol
from mho.rng import Stream
from mho.samples import Inputs
from mho.wires import WireModel

_LINES = 32
_QUIET = {
    "telegraph__births": 0.0,
    "telegraph__amplitude": 1e-15,
    "flicker__per_decade": 0.0,
    "cell__curvature": 0.0,
    "cell__stuck_fraction": 0.0,
    "retention__loss": 0.0,
}


class First(nn.Module):
    """The first of several results of a module."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, inputs: Tensor) -> Tensor:
        return self.inner(inputs)[0]


def normal(*shape: int, name: str = "x") -> Tensor:
    """Normal numbers, the same for the same name."""
    return torch.randn(shape, generator=Stream(0, ("kinds", name)).generator())


def randomise(module: nn.Module) -> nn.Module:
    """Fill parameters and running statistics, so that no test passes on zeros or symmetry."""
    with torch.no_grad():
        for name, values in module.state_dict().items():
            if values.is_floating_point():
                values.copy_(normal(*values.shape, name=name) * 0.3)
            if name.endswith("running_var"):
                values.abs_().add_(0.5)
    return module.eval()


def exact(_: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
    """Products as the layer itself would compute them."""
    return vectors @ layer.weight.T


def check_same(network: Network, module: nn.Module, inputs: Tensor) -> None:
    """Both ways of running agree with the module to float32 rounding of sums of ~100 terms."""
    wanted = module(inputs).detach()
    torch.testing.assert_close(
        network.run(inputs), wanted, rtol=1e-5, atol=1e-5
    )
    torch.testing.assert_close(
        network.run(inputs, exact), wanted, rtol=1e-5, atol=1e-5
    )


def ideal_chip(tiles: int) -> Chip:
    """Ohmic cells without noise or defects, ideal wires, converters of 16 bits."""
    cell = preset("rao2023").replace(**_QUIET)
    around = Periphery(
        dac=SignedConverter(16, cell["array.read_voltage"], kind="dac"),
        adc=SignedConverter(16, 1.0),
    )
    return Chip(
        cell, tiles, _LINES, _LINES, wires=WireModel(), periphery=around
    )


def on_ideal_chip(network: Network, inputs: Inputs) -> DeployedNetwork:
    """Deploy, then put every cell on its target: programming is not what is tested here."""
    shapes = [
        (layer.weight.shape[0], layer.weight.shape[1])
        for layer in network.layers
    ]
    bench = SimulatedBench(
        ideal_chip(tiles_needed(shapes, _LINES, _LINES)), Stream(0)
    )
    deployed = deploy(
        network, bench, inputs, ProgramProtocol(denoise=None, max_cycles=1)
    )
    cells = deployed.placement.cells
    state = bench.state(cells)
    quiet = ("flicker", "relaxing", "ahead", "traps.filled")
    state |= {name: torch.zeros_like(state[name]) for name in quiet}
    state["core"] = deployed.placement.target.to(state["core"].dtype)
    bench.restore(state, cells)
    return deployed


def check_ideal(module: nn.Module, inputs: Tensor) -> Network:
    """The digital network agrees with its module, and an ideal chip with both.

    Converters of 16 bits round by at most 2⁻¹⁷ of their range; tens of independent roundings in
    a few layers stay below 10⁻⁴ of the largest output.
    """
    network = read_network(randomise(module), inputs)
    check_same(network, module, inputs)
    wanted = module(inputs).detach()
    found = on_ideal_chip(network, inputs)(inputs)
    torch.testing.assert_close(
        found, wanted, rtol=0, atol=1e-4 * float(wanted.abs().max())
    )
    return network
