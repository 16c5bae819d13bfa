"""Training the digits: gradients by hand are those of autograd, steps those of torch."""

import pytest
import torch
from torch.nn import functional

from mho.data.digits import _EPOCHS, _images, _later_rate
from mho.data.digits_network import AdamW, DigitsNetwork
from mho.rng import Stream


@pytest.mark.parametrize("batch", [3, 32])
def test_the_gradient_is_that_of_autograd(batch: int) -> None:
    """The same kernels in the same order: equal to a few roundings, here to 1e-6 of the largest.

    A batch of 3 is what is left of 1347 images, and its divisions round.
    """
    network = DigitsNetwork(Stream(3))
    generator = Stream(4).generator()
    images = torch.rand(batch, 1, 8, 8, generator=generator)
    labels = torch.randint(0, 10, (batch,), generator=generator)
    module = network.module
    found = network.gradient(images, labels, 0.1)
    loss = functional.cross_entropy(module(images), labels, label_smoothing=0.1)
    each = torch.autograd.grad(loss, list(module.parameters()))
    wanted = torch.cat([part.flatten() for part in each])
    torch.testing.assert_close(
        found, wanted, rtol=0, atol=1e-6 * float(wanted.abs().max())
    )


def test_steps_are_those_of_torch() -> None:
    """Fifty steps with a falling rate; each rounds a few times, hence 1e-6. The module moves."""
    network = DigitsNetwork(Stream(5))
    before = network.parameters.clone()
    theirs = torch.nn.Parameter(before.clone())
    optimizer = torch.optim.AdamW([theirs], lr=6e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.LinearLR(
        optimizer, 1.0, 1.0 / _EPOCHS, total_iters=_EPOCHS - 1
    )
    ours = AdamW(network.parameters, 1e-2)
    rate = 6e-3
    generator = Stream(6).generator()
    for epoch in range(_EPOCHS):
        gradient = torch.randn(before.shape, generator=generator)
        theirs.grad = gradient.clone()
        optimizer.step()
        ours.step(gradient, rate)
        schedule.step()
        rate = _later_rate(rate, epoch)
        if epoch + 1 < _EPOCHS:
            assert rate == schedule.get_last_lr()[0]
    torch.testing.assert_close(
        network.parameters, theirs.detach(), rtol=1e-6, atol=1e-8
    )
    of_module = [p.detach().flatten() for p in network.module.parameters()]
    assert torch.equal(torch.cat(of_module), network.parameters)


def test_making_a_network_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(1)
    wanted = torch.rand(1)
    torch.manual_seed(1)
    DigitsNetwork(Stream(0))
    assert torch.equal(torch.rand(1), wanted)


def test_the_images_are_those_of_scikit_learn() -> None:
    """The file is read without its package: the same numbers, in an order of our own. Exact."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    generator = Stream(0, ("digits", "split")).generator()
    order = torch.randperm(len(labels), generator=generator)
    found, found_labels = _images()
    wanted = torch.from_numpy(pixels / 16.0).to(torch.float32)
    assert torch.equal(found.flatten(1), wanted[order])
    assert torch.equal(found_labels, torch.from_numpy(labels)[order])
