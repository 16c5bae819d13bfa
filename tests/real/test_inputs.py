"""What the benchmark of real networks shows them is what it says, and so are its verdicts."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from real import reading_text
from real.components import autocorrelation, spectrum
from real.file_kinds import tokens_of
from real.reading_text import (
    boxes_of,
    decoded,
    distance,
    lines_both_ways,
    overlap,
)
from real.rendered_text import Line
from real.scalp import ELECTRODES, flat_places, potential, spline_map
from real.singing import pitch_named, sung_notes
from real.speech import frames_of_recordings, speech_found
from real.table import analog_share
from real.task import Samples
from real.time_courses import RATE

NOWHERE = Path()


def one_hot(path: list[int], classes: int) -> np.ndarray:
    return np.eye(classes)[path]


def test_a_letter_is_read_once_unless_a_gap_parts_it_from_its_twin() -> None:
    """Best path of connectionist classification: repeats are one, and class 0 is nothing."""
    alphabet = ["", "a", "b"]
    scores = one_hot([0, 1, 1, 0, 1, 2, 2, 0], classes=3)
    assert decoded(scores, alphabet) == "aab"


@pytest.mark.parametrize(
    ("found", "text", "changes"),
    [("kitten", "sitting", 3), ("", "abc", 3), ("abcd", "bd", 2)],
)
def test_distances_are_levenshtein_s(
    found: str, text: str, changes: int
) -> None:
    assert distance(found, text) == changes


def test_every_region_of_text_gets_a_box_around_it() -> None:
    """Two bars give two boxes that hold them; a faint one is no text."""
    probability = np.zeros((60, 80))
    probability[10:18, 5:60] = 0.9
    probability[40:48, 20:70] = 0.8
    probability[25:30, 5:30] = 0.2
    boxes = sorted(boxes_of(probability), key=lambda box: box[1])
    assert len(boxes) == 2
    left, top, right, bottom = boxes[0]
    assert left < 5 < 60 < right
    assert top < 10 < 18 < bottom
    assert overlap(boxes[0], boxes[1]) == 0
    assert overlap(boxes[0], boxes[0]) == pytest.approx(1)


def test_every_second_line_is_upside_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A picture that is white above and black below is black above where it is turned."""
    half = np.zeros((48, 192, 3), np.uint8)
    half[:24] = 255
    line = Line("", Image.fromarray(half))
    monkeypatch.setattr(reading_text, "render_line", lambda _: line)
    samples = lines_both_ways(4, seed=3)
    assert samples.inputs["x"].shape == (4, 3, 48, 192)
    assert samples.truth.tolist() == [False, True, False, True]
    top = samples.inputs["x"][:, 0, 0, 0]
    assert top.tolist() == [1, -1, 1, -1]


def test_files_are_shown_from_both_ends_without_white_space() -> None:
    """Head at the front, tail at the back, 256 where there is no byte.

    White space goes where a side begins or ends, as magika does it, and stays within.
    """
    tokens = tokens_of(b" \n" + bytes(range(65, 91)) + b"\n")
    assert tokens[:27].tolist() == [*range(65, 91), 10]
    assert tokens[-28:].tolist() == [32, 10, *range(65, 91)]
    assert (tokens[27:-28] == 256).all()
    long = bytes(1 + index % 7 for index in range(5000))
    assert tokens_of(long).tolist() == [*long[:1024], *long[-1024:]]


def test_a_note_has_the_pitch_it_is_said_to_have() -> None:
    """Its spectrum has a line at the mean pitch: the nearest bin of a second, and vibrato beside.

    A bin is 1 Hz wide; vibrato of at most 50 cents keeps the line within 3 % of the mean.
    """
    samples = sung_notes(3, seed=5)
    for sound, pitch in zip(
        samples.inputs["audio"], samples.truth, strict=True
    ):
        power = np.abs(np.fft.rfft(sound)) ** 2
        mean = float(pitch.mean())
        near = slice(int(mean * 0.97) - 1, int(mean * 1.03) + 2)
        assert power[near].max() > 100 * np.median(power[: int(2 * mean)])
    exact = {"pitch": samples.truth, "confidence": np.ones((3, 62))}
    judged = pitch_named(exact, samples, NOWHERE)
    assert judged == {"median_cents": 0.0, "pitches": 1.0, "heard": 1.0}
    sharp = exact | {"pitch": samples.truth * 2 ** (100 / 1200)}
    judged = pitch_named(sharp, samples, NOWHERE)
    assert judged["median_cents"] == pytest.approx(100)
    assert judged["pitches"] == 0


def test_frames_overlap_by_their_context_and_loud_ones_are_speech() -> None:
    """A frame begins with the end of the one before; loudness alone finds most of the speech."""
    samples = frames_of_recordings(2, seed=1)
    frames = samples.inputs["input"]
    assert frames.shape == (2, 156, 576)
    assert (frames[:, 1:, :64] == frames[:, :-1, -64:]).all()
    loudness = np.log((frames**2).mean(-1))
    assert speech_found({"p": loudness}, samples, NOWHERE)["auc"] > 0.9


def test_a_wave_stands_where_it_belongs_in_spectrum_and_correlation() -> None:
    """10 Hz is the tenth value of the spectrum, and repeats after a tenth of a second.

    Beside it the window leaks: two bins on, a Hamming window is 43 dB down, so the tenth is
    largest. The correlation of a sine is a cosine, to the resampling filter's per cent.
    """
    time = np.arange(RATE * 30) / RATE
    noise = np.random.default_rng(0).normal(size=len(time))
    course = np.sin(2 * np.pi * 10 * time) + 1e-3 * noise
    assert spectrum(course).argmax() == 9
    correlation = autocorrelation(course)
    assert correlation.shape == (100,)
    lags = np.arange(1, 101) / 100
    inside = slice(5, 90)
    wave = np.cos(2 * np.pi * 10 * lags)
    assert np.abs(correlation - wave)[inside].max() < 0.03


def test_maps_go_through_what_the_electrodes_measure() -> None:
    """A spline interpolates: at the electrodes it is the potential, to the solver's rounding."""
    values = potential(np.array((0.2, 0.3, 0.5)), np.array((0, 1, 1.0)))
    assert values.mean() == pytest.approx(0, abs=1e-12)
    places = flat_places(0.5)
    assert len(places) == len(ELECTRODES)
    drawn = spline_map(values, places, places)
    assert np.abs(drawn - values).max() < 1e-8 * np.abs(values).max()


def test_the_analog_share_counts_products() -> None:
    operations = [
        {"runs": "analog", "multiply_adds": 30},
        {"runs": "digital", "multiply_adds": 10},
        {"runs": "digital", "multiply_adds": 0},
    ]
    assert analog_share(operations) == 0.75
    assert analog_share([]) == 0


def test_samples_are_counted_by_their_first_axis() -> None:
    assert Samples({"x": np.zeros((3, 2))}, None).number == 3
