"""Images and chips as files: one way to write and read both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from torch import Tensor

from mho.checks import RefusedError
from mho.deployment.storage.chip_checks import check_chip
from mho.deployment.storage.compiled_network import CompiledNetwork
from mho.deployment.storage.image_checks import check_image
from mho.deployment.storage.plain_values import Reader, Writer
from mho.deployment.storage.programmed_chip import ProgrammedChip
from mho.files.packed import load, pack, refusing, save

Parts = tuple[dict[str, Any], dict[str, Tensor]]
"""A value as plain values and tensors."""

_Held = TypeVar("_Held")


@dataclass(frozen=True, slots=True)
class FileKind(Generic[_Held]):
    """A kind of file.

    Args:
        name: What such a file says that it is.
        parts: Takes what it holds apart.
        read: Puts it together again, with every promise checked.
    """

    name: str
    parts: Callable[[_Held], Parts]
    read: Callable[[Reader, Mapping[str, Any]], _Held]

    def checksum(self, held: _Held) -> str:
        """Checksum of the file that `save` writes, in hexadecimal digits."""
        return pack(self.name, *self.parts(held))[1]

    def save(self, path: str | Path, held: _Held) -> str:
        """Write a file, all or nothing; see `save_image`."""
        return save(path, self.name, *self.parts(held))

    def load(self, path: str | Path, argument: str) -> _Held:
        """Read a file that may come from anywhere; see `load_image`."""
        packed = load(path, (self.name,), argument)
        with refusing(path, (self.name,), argument):
            reader = Reader(packed.tensors)
            held = self.read(reader, packed.content)
            if reader.unused:
                name = reader.unused[0][:120]
                raise RefusedError(
                    f"holds a tensor `{name}` that belongs to nothing"
                )
            return held


def image_parts(image: CompiledNetwork) -> Parts:
    """An image as plain values and tensors."""
    writer = Writer()
    # A recorded batch size has no meaning any more once a network is prepared.
    graph = image.network.graph
    inputs = tuple(replace(entry, batch=None) for entry in graph.inputs)
    network = replace(image.network, graph=replace(graph, inputs=inputs))
    image = replace(image, network=network)
    return {"image": writer.write(image, "image")}, writer.tensors


def chip_parts(chip: ProgrammedChip) -> Parts:
    """A chip with its image as plain values and tensors."""
    content, tensors = image_parts(chip.image)
    writer = Writer()
    named = replace(chip, specimen=chip.specimen.in_files)
    content["chip"] = writer.write(named, "chip")
    return content, tensors | writer.tensors


def read_image(reader: Reader, content: Mapping[str, Any]) -> CompiledNetwork:
    """The image in a file's content, with every promise checked.

    Raises:
        RefusedError: It breaks one.
    """
    image: CompiledNetwork = reader.read(
        CompiledNetwork, content.get("image"), "image"
    )
    check_image(image)
    return image


def read_chip(reader: Reader, content: Mapping[str, Any]) -> ProgrammedChip:
    """The chip in a file's content, with its image and with every promise checked.

    Raises:
        RefusedError: It breaks one.
    """
    image = read_image(reader, content)
    chip: ProgrammedChip = reader.read(
        ProgrammedChip, content.get("chip"), "chip", image=image
    )
    with_known_numbers = replace(
        chip, specimen=chip.specimen.of_model(chip.model)
    )
    check_chip(with_known_numbers)
    return with_known_numbers


IMAGE = FileKind("mho-image", image_parts, read_image)
CHIP = FileKind("mho-chip", chip_parts, read_chip)


def save_image(path: str | Path, image: CompiledNetwork) -> str:
    """Write an image, all or nothing; equal images give equal files.

    Returns:
        Checksum of the file, as its header says it.

    Raises:
        OSError: The disk is full or the folder cannot be written; an older file is untouched.
    """
    return IMAGE.save(path, image)


def load_image(path: str | Path, argument: str = "image") -> CompiledNetwork:
    """Read an image that may come from anywhere: nothing in it is run.

    Args:
        path: The file.
        argument: Name of the argument, for the error.

    Raises:
        TooLargeError: It takes more memory than is allowed; see `allow_memory`.
        ValueError: It is damaged, of a newer version, or holds what mho does not run.
        OSError: It cannot be read.
    """
    return IMAGE.load(path, argument)


def save_chip(path: str | Path, chip: ProgrammedChip) -> str:
    """Write a chip with its image, all or nothing.

    Returns:
        Checksum of the file, as its header says it.

    Raises:
        OSError: The disk is full or the folder cannot be written; an older file is untouched.
    """
    return CHIP.save(path, chip)


def load_chip(path: str | Path, argument: str = "chip") -> ProgrammedChip:
    """Read a chip from a file that may come from anywhere: nothing in it is run.

    Args:
        path: The file.
        argument: Name of the argument, for the error.

    Raises:
        TooLargeError: It takes more memory than is allowed; see `allow_memory`.
        ValueError: It is damaged, of a newer version, or of a chip that this mho
            cannot make.
        OSError: It cannot be read.
    """
    return CHIP.load(path, argument)
