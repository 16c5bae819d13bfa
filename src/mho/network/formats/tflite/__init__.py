"""TFLite files, read by rules of our own: no TensorFlow, no generated reader, nothing executed."""

from mho.network.formats.tflite.reader import (
    TfliteNetwork,
    check_real_numbers,
    read_tflite,
)

__all__ = ["TfliteNetwork", "check_real_numbers", "read_tflite"]
