"""Thirteen networks as they lie in five packages, each with its task."""

import numpy as np

from real.components import (
    electric_components,
    labels_agree,
    magnetic_components,
)
from real.file_kinds import files_of_many_kinds, kinds_named
from real.reading_text import (
    boxes_found,
    lines_both_ways,
    lines_of_text,
    lines_right_way,
    pages_of_text,
    text_read,
)
from real.singing import pitch_named, sung_notes
from real.speech import frames_of_recordings, speech_found
from real.task import DRAWN, NONE, RealNetwork


def _speech(
    name: str, member: str, *, rate: bool = True, cells: str = NONE
) -> RealNetwork:
    """A detector of speech that takes one step after the other, and knows the rate or is told."""
    return RealNetwork(
        name,
        "silero-vad",
        f"silero_vad/data/{member}",
        frames_of_recordings,
        speech_found,
        number=20,
        cells=cells,
        constants={"sr": np.array(16_000, np.int64)} if rate else {},
        states={"state": "stateN"},
    )


_SPECTROGRAM = (
    "v96",
    "v104",
    "v127",
    "v215",
    "v223",
    "v245",
    "v316",
    "v324",
    "v346",
)
"""Fourier transform and filter bank of swift-f0: what they give goes into a logarithm, which makes
of a noisy zero anything, or nothing at all."""

REAL_NETWORKS = (
    RealNetwork(
        "angle",
        "rapidocr",
        "rapidocr/models/ch_ppocr_mobile_v2.0_cls_mobile.onnx",
        lines_both_ways,
        lines_right_way,
        together=24,
    ),
    RealNetwork(
        "magika",
        "magika",
        "magika/models/standard_v3_3/model.onnx",
        files_of_many_kinds,
        kinds_named,
        number=144,
        together=24,
    ),
    RealNetwork(
        "silero",
        "silero-vad",
        "silero_vad/data/silero_vad_16k_sequence.onnx",
        frames_of_recordings,
        speech_found,
        number=20,
        constants={name: np.zeros((1, 1, 128), np.float32) for name in "hc"},
        single=True,
        outputs=("speech_probs",),
    ),
    RealNetwork(
        "swift-f0",
        "swift-f0",
        "swift_f0/model.onnx",
        sung_notes,
        pitch_named,
        number=100,
        constants={
            "fmin": np.array(46.875, np.float32),
            "fmax": np.array(2093.75, np.float32),
        },
        digital=_SPECTROGRAM,
        together=20,
    ),
    RealNetwork(
        "recogniser",
        "rapidocr",
        "rapidocr/models/PP-OCRv6_rec_small.onnx",
        lines_of_text,
        text_read,
        number=100,
        cells=DRAWN,
    ),
    RealNetwork(
        "detector",
        "rapidocr",
        "rapidocr/models/PP-OCRv6_det_small.onnx",
        pages_of_text,
        boxes_found,
        number=100,
        cells=DRAWN,
    ),
    RealNetwork(
        "iclabel",
        "mne-icalabel",
        "mne_icalabel/iclabel/network/assets/ICLabelNet.onnx",
        electric_components,
        labels_agree,
        number=105,
        cells=DRAWN,
        single=True,
    ),
    RealNetwork(
        "megnet",
        "mne-icalabel",
        "mne_icalabel/megnet/assets/megnet.onnx",
        magnetic_components,
        labels_agree,
        number=100,
        cells=DRAWN,
    ),
    _speech("silero-if", "silero_vad.onnx"),
    _speech("silero-half", "silero_vad_half.onnx", rate=False),
    _speech("silero-op15", "silero_vad_16k_op15.onnx"),
    _speech("silero-op18", "silero_vad_op18_ifless.onnx"),
    _speech("silero-openvino", "silero_vad_openvino_16k.onnx", rate=False),
)
"""In the order of the table."""
