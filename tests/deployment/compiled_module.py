"""A drawn network, itself and compiled and exported: to be run away from checks of shapes.

Those wrap every function, which compilers do not follow. Prints whether all outputs are equal.
"""

import torch
from torch import Tensor, nn

import mho
from mho.ledger import Ledger
from mho.programming import ErrorTable
from mho.statistical import convert
from mho.units import uS


class Steps(nn.Module):
    """A convolution, a recurrent layer and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Conv1d(3, 4, 3)
        self.memory = nn.GRU(4, 3, batch_first=True)
        self.head = nn.Linear(3, 2)

    def forward(self, signal: Tensor) -> Tensor:
        states, _ = self.memory(self.look(signal).transpose(1, 2))
        return self.head(states[:, -1])


def main() -> None:
    """From the same state, all three give the same bits, and go on with the same noise."""
    torch.manual_seed(0)
    inputs = torch.randn(4, 3, 5)
    found = convert(mho.read_network(Steps().eval(), inputs))
    variance = torch.full((2, 2), (1 * uS) ** 2)
    table = ErrorTable(
        50 * uS,
        500 * uS,
        torch.full((2, 2), 1 * uS),
        variance,
        torch.ones(0),
        4,
        Ledger(),
    )
    found.program(table, mho.Stream(1))
    found.calibrate(inputs)
    state = {name: value.clone() for name, value in found.state_dict().items()}
    wanted = [found(inputs) for _ in range(2)]
    fresh_noise = not torch.equal(*wanted)
    found.load_state_dict(state)
    compiled = torch.compile(found, fullgraph=True, backend="aot_eager")
    same = [torch.equal(compiled(inputs), outputs) for outputs in wanted]
    found.load_state_dict(state)
    exported = torch.export.export(found, (inputs,), strict=False).module()
    same += [torch.equal(exported(inputs), outputs) for outputs in wanted]
    print("equal" if all(same) and fresh_noise else same)


if __name__ == "__main__":
    main()
