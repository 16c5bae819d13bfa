"""Networks that are one step of a sequence, or take samples one by one."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from ideal_bench import normal, on_ideal_chip, randomise
from small_image import kind_of_chip
from torch import Tensor, nn

from mho.chip import Chip
from mho.chip.periphery import Periphery, SignedConverter
from mho.deployment.storage import compile_image, load_image, save_image
from mho.ledger import Ledger
from mho.network import Graph, Network, State, read_network
from mho.network.account import account
from mho.network.exported_program import graph_of_program
from mho.network.formats.pt2 import read_archive
from mho.network.operations import LinearLayer
from mho.programming import ErrorTable
from mho.rng import Stream
from mho.statistical import convert
from mho.units import uS

HIDDEN = 5
FINE = Periphery(SignedConverter(16, 0.2), SignedConverter(20, 1.0))
EXACT = ErrorTable(
    50 * uS,
    500 * uS,
    torch.zeros(2, 4),
    torch.zeros(2, 4),
    torch.zeros(0),
    800,
    Ledger(),
)
"""Statistics of cells that hold what they shall."""


class Step(nn.Module):
    """One step of a recurrent network: the state goes in and comes out."""

    def __init__(self) -> None:
        super().__init__()
        self.into = nn.Linear(3, HIDDEN)
        self.across = nn.Linear(HIDDEN, HIDDEN, bias=False)
        self.out = nn.Linear(HIDDEN, 2)

    def forward(self, x: Tensor, state: Tensor) -> dict[str, Tensor]:
        later = torch.tanh(self.into(x) + self.across(state))
        return {"y": self.out(later), "stateN": later}


class Average(nn.Module):
    """Takes one sequence without an axis of samples, and mixes its first axis on purpose."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(x - x.mean(0, keepdim=True)).relu()


def step() -> nn.Module:
    return randomise(Step()).requires_grad_(requires_grad=False)


def by_hand(module: nn.Module, x: Tensor, state: Tensor) -> Tensor:
    """The loop that a person would write."""
    found = []
    for place in range(x.shape[1]):
        outputs = module(x[:, place], state)
        state = outputs["stateN"]
        found.append(outputs["y"])
    return torch.stack(found, 1)


def recorded(folder: Path) -> Graph:
    free = {0: torch.export.Dim.AUTO}
    program = torch.export.export(
        step(),
        (normal(4, 3), normal(4, HIDDEN)),
        dynamic_shapes=(free, free),
    )
    torch.export.save(program, folder / "step.pt2")
    return read_archive(folder / "step.pt2")


def recorded_step() -> Graph:
    free = {0: torch.export.Dim.AUTO}
    program = torch.export.export(
        step(),
        (normal(4, 3), normal(4, HIDDEN)),
        dynamic_shapes=(free, free),
    )
    return graph_of_program(program)


def check_sequence(network: Network) -> None:
    """Every step of every sequence, from zeros and from a given state."""
    x = normal(6, 7, 3)
    zeros = torch.zeros(6, HIDDEN)
    begun = normal(6, HIDDEN, name="state")
    for inputs, state in (
        ({"x": x}, zeros),
        (x, zeros),
        ({"x": x, "state": begun}, begun),
    ):
        found = network.outputs(inputs)
        assert list(found) == ["y"]
        torch.testing.assert_close(
            found["y"], by_hand(step(), x, state), rtol=0, atol=1e-5
        )
    assert network.graph.states == (State("state", "stateN"),)
    assert [entry.name for entry in network.inputs] == ["x"]
    assert network.sample_shape == (None, 3)


def test_a_file_of_one_step_runs_through_sequences(tmp_path: Path) -> None:
    """Equal to the loop by hand; rounding of 7 steps of contractions stays below 1e-5."""
    graph = recorded(tmp_path)
    sequences = {"x": normal(4, 9, 3)}
    check_sequence(read_network(graph, sequences, states={"state": "stateN"}))


def test_states_are_guessed_where_it_is_clear(tmp_path: Path) -> None:
    """One input is missing, and one output has its shape."""
    check_sequence(read_network(recorded(tmp_path), {"x": normal(4, 9, 3)}))


def test_a_module_says_its_states_by_their_first_values() -> None:
    """A module's arguments have no shapes of their own."""
    states = {"state": "stateN"}
    sequences = {"x": normal(4, 9, 3), "state": torch.zeros(4, HIDDEN)}
    check_sequence(read_network(step(), sequences, states=states))
    with pytest.raises(ValueError, match="lacks `state`; zeros of its shape"):
        read_network(step(), {"x": normal(4, 9, 3)}, states=states)


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        ({"stat": "stateN"}, "name inputs of the network, `x`, `state`"),
        ({"state": "z"}, "name outputs of the network, `y`, `stateN`"),
        ({"state": "y"}, "outputs of the shape of their inputs"),
    ],
)
def test_states_that_are_none_are_refused(
    tmp_path: Path, states: dict[str, str], sentence: str
) -> None:
    sequences = {"x": normal(4, 9, 3)}
    if "stat" in states:
        sequences["state"] = torch.zeros(4, HIDDEN)
    with pytest.raises(ValueError, match=r"^Argument `states`") as raised:
        read_network(recorded(tmp_path), sequences, states=states).run(
            sequences
        )
    assert sentence in str(raised.value)


def test_an_ideal_chip_goes_through_sequences(tmp_path: Path) -> None:
    """Ranges come from the states that really occur, so no converter clips.

    Converters of 16 bits round by 2⁻¹⁷ of their range; a state that contracts keeps the sum of a
    few steps' roundings below 1e-4 of the largest output. Saved and opened, it is the same.
    """
    x = normal(8, 12, 3)
    network = read_network(recorded(tmp_path), {"x": x})
    deployed = on_ideal_chip(network, {"x": x})
    wanted = by_hand(step(), x, torch.zeros(8, HIDDEN))
    torch.testing.assert_close(
        deployed({"x": x}), wanted, rtol=0, atol=1e-4 * float(wanted.max())
    )
    image = compile_image(network, kind_of_chip(), {"x": x})
    save_image(tmp_path / "step.mho", image)
    loaded = load_image(tmp_path / "step.mho")
    assert loaded.sample_shape == {"x": (12, 3)}
    assert torch.equal(loaded.network.run(x), network.run(x))


class Buffered(nn.Module):
    """A recurrent step with a buffer of the last input, as audio networks have it."""

    def __init__(self) -> None:
        super().__init__()
        self.into = nn.Linear(6, HIDDEN)
        self.cell = nn.Linear(2 * HIDDEN, HIDDEN)
        self.out = nn.Linear(HIDDEN, 2)

    def forward(
        self, x: Tensor, last: Tensor, state: Tensor
    ) -> dict[str, Tensor]:
        zeros = torch.zeros(x.shape[0], HIDDEN)
        seen = self.into(torch.cat([last, x], 1)).relu() + zeros
        later = torch.tanh(self.cell(torch.cat([seen, state], 1)))
        return {
            "y": self.out(later - state),
            "seen": seen,
            "lastN": x * 1.0,
            "stateN": later,
        }


def test_only_the_recurrence_itself_goes_step_by_step() -> None:
    """Layers that depend on no state, or on which none depends, multiply once for all steps.

    `into` reads a buffer, which is a state, so it is in the loop, too; `out` is not. Outputs are
    those of the plain loop to rounding.
    """
    module = randomise(Buffered()).requires_grad_(requires_grad=False)
    x = normal(4, 9, 3)
    begun = {"last": torch.zeros(4, 3), "state": normal(4, HIDDEN)}
    states = {"last": "lastN", "state": "stateN"}
    network = read_network(module, {"x": x, **begun}, states=states)
    calls = [0] * len(network.layers)

    def product(index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
        calls[index] += 1
        return vectors @ layer.weight.T

    found = network.outputs({"x": x, **begun}, product)
    now = begun
    for place in range(9):
        wanted = module(x[:, place], **now)
        now = {"last": wanted["lastN"], "state": wanted["stateN"]}
        for name in ("y", "seen"):
            torch.testing.assert_close(
                found[name][:, place], wanted[name], rtol=0, atol=1e-5
            )
    assert calls == [9, 9, 1]
    plain = read_network(recorded_step(), {"x": x})
    calls = [0] * len(plain.layers)
    plain.run({"x": x}, product)
    assert calls == [1, 9, 1]


def test_drawn_cells_go_through_sequences_and_single_samples(
    tmp_path: Path,
) -> None:
    """On cells without errors only 16 and 20 bits round: 1e-3 after a few layers."""
    module = randomise(Average()).requires_grad_(requires_grad=False)
    x = normal(8, 12, 3)
    for network in (
        read_network(recorded(tmp_path), {"x": x}),
        read_network(module, x, single=True),
    ):
        found = convert(network, Chip("rao2023", periphery=FINE))
        found.program(EXACT, Stream(1))
        found.calibrate(x)
        wanted = network.run(x)
        torch.testing.assert_close(
            found(x), wanted, rtol=0, atol=1e-3 * float(wanted.abs().max())
        )


def test_work_is_counted_for_one_step(tmp_path: Path) -> None:
    """3·5 + 5·5 + 5·2 multiply-adds, however long the sequence is."""
    network = read_network(recorded(tmp_path), {"x": normal(4, 9, 3)})
    assert account(network).analog == 3 * 5 + 5 * 5 + 5 * 2
    assert account(network, normal(9, 3)).analog == 50


def test_samples_run_one_by_one_where_the_first_axis_is_theirs() -> None:
    """Each sequence has a mean of its own, so a batch in its place would be another network."""
    module = randomise(Average()).requires_grad_(requires_grad=False)
    x = normal(6, 8, 3)
    wanted = torch.stack([module(sample) for sample in x])
    network = read_network(module, x, single=True)
    torch.testing.assert_close(network.run(x), wanted, rtol=0, atol=1e-6)
    found = on_ideal_chip(network, x)(x)
    torch.testing.assert_close(
        found, wanted, rtol=0, atol=1e-4 * float(wanted.max())
    )
    with pytest.raises(ValueError, match="every sample of a batch on its own"):
        read_network(module, normal(6, 3))


def test_a_program_of_one_sample_may_mix_its_only_one() -> None:
    """Recorded with a batch of one, its mean over the first axis is no mean at all."""
    module = randomise(Average()).requires_grad_(requires_grad=False)
    program = torch.export.export(module, (normal(1, 3),))
    x = normal(6, 3)
    network = read_network(program, x)
    assert network.graph.separate
    wanted = torch.cat([module(sample[None]) for sample in x])
    torch.testing.assert_close(network.run(x), wanted, rtol=0, atol=1e-6)


def test_a_network_is_cut_at_a_value_within_it(tmp_path: Path) -> None:
    """Layers behind the cut are not even read; the rest is as it was."""
    graph = recorded(tmp_path)
    inputs = {"x": normal(4, 3), "state": normal(4, HIDDEN)}
    network = read_network(graph, inputs, outputs=("tanh",))
    assert len(network.layers) == 2
    assert network.output_names == ("tanh",)
    wanted = step()(**inputs)["stateN"]
    torch.testing.assert_close(network.run(inputs), wanted, rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match="Did you mean `tanh`"):
        read_network(graph, inputs, outputs=("tanhh",))


def test_noise_of_a_sequence_is_the_same_in_batches_of_any_size() -> None:
    """All steps of a sequence are one pass: a sample meets the noise of its own steps."""
    x = normal(6, 7, 3)
    noisy = replace(EXACT, variance=torch.full((2, 4), (3 * uS) ** 2))
    begun = {"x": x, "state": torch.zeros(6, HIDDEN)}
    found = convert(read_network(step(), begun, states={"state": "stateN"}))
    found.program(noisy, Stream(1))
    found.calibrate({"x": x})
    state = {name: value.clone() for name, value in found.state_dict().items()}
    together = found({"x": x})
    noise = float((found({"x": x}) - together).abs().mean())
    assert noise > 1e-3
    found.load_state_dict(state)
    apart = torch.cat([found({"x": part}) for part in x.split([1, 3, 2])])
    assert float((apart - together).abs().mean()) < noise / 50
