import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from synthetic_run import run

from mho.report import write_report
from mho.report.explorable import Packer, maps, maps_shown
from mho.report.figures import (
    confusion_matrix,
    draw_data_url,
    effort_histograms,
    error_histogram,
    layer_error_figure,
    readback_scatter,
)
from mho.report.page import SECTIONS, render, sections_of
from mho.runs import LayerMap, RunData

UNIT = re.compile(r"\((µS|s|1|%|count|counted from 0|in order)\)$")
VOID = {"meta", "img", "br", "hr", "link"}


class Page(HTMLParser):
    """Elements of a page: balance of tags, headings, images, links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.headings: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.addresses: list[str] = []
        self.anchors: set[str | None] = set()
        self.feed(html)
        self.close()

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        found = dict(attrs)
        self.seen.append(tag)
        self.addresses += [
            found[k] or ""
            for k in ("src", "href", "data", "action")
            if k in found
        ]
        self.anchors.add(found.get("id"))
        if tag == "img":
            self.images.append(found)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


@pytest.fixture(scope="module")
def data() -> RunData:
    return run()


@pytest.fixture(scope="module")
def html(data: RunData) -> str:
    return render(data)


def figures(data: RunData) -> list[Figure]:
    return [
        readback_scatter(data),
        error_histogram(data),
        effort_histograms(data),
        confusion_matrix(data.confusion),
        layer_error_figure(data.result["layers"]),  # type: ignore[arg-type]
    ]


def empty(data: RunData) -> RunData:
    none = torch.zeros(0, dtype=torch.float64)
    count = torch.zeros(0, dtype=torch.int64)
    return dataclasses.replace(
        data,
        layers=(),
        error=none,
        noise=none,
        pulses=count,
        denoise_pulses=count,
        reads=count,
        traces=None,
        confusion=torch.zeros(0, 0, dtype=torch.int64),
        costs={},
        result={},
        wires=None,
    )


def test_tags_are_balanced_and_every_section_is_there_in_order(
    html: str,
) -> None:
    parsed = Page(html)
    assert parsed.open == []
    assert parsed.headings == [
        name
        for key, name in SECTIONS.items()
        if key not in ("population", "drawn")
    ]
    assert set(SECTIONS) - {"population", "drawn"} <= parsed.anchors


def test_every_image_says_in_words_what_it_shows(html: str) -> None:
    images = Page(html).images
    assert len(images) == 6
    assert all(len(image["alt"] or "") > 40 for image in images)
    assert len({image["alt"] for image in images}) == len(images)


def test_wires_are_shown_with_what_they_cost_or_said_to_be_ideal(
    data: RunData,
) -> None:
    """The table has each way to map with its error and accuracy, and the price of the last."""
    shown = render(data)
    for words in (
        "78.1%",
        "4.710%",
        "2.310%",
        "0.010%",
        "95.3% / 62.7%",
        "106.0%",
    ):
        assert words in shown
    ideal = dataclasses.replace(
        data, wires=None, result=data.result | {"wires": None}
    )
    assert "The wires of this run are ideal" in render(ideal)


def test_page_needs_nothing_but_itself(html: str) -> None:
    """Images are inline and links stay on the page, so it opens without a network."""
    parsed = Page(html)
    assert all(
        address.startswith(("data:image/png", "#"))
        for address in parsed.addresses
    )
    assert "url(" not in html
    assert "@import" not in html
    assert not {"link", "iframe", "base", "object"} & set(parsed.seen)
    assert parsed.seen.count("script") == 2


def test_names_from_outside_cannot_become_markup(data: RunData) -> None:
    """Layer names come from the user's network, and may hold TeX or tags."""
    name = '"><script>alert(1)</script>$\\frac'
    hostile = dataclasses.replace(data.layers[0], name=name)
    told = data.result["layers"][0]  # type: ignore[index]
    seen = data.result["outputs"]["scores"]  # type: ignore[index]
    html = render(
        dataclasses.replace(
            data,
            layers=(hostile,),
            result=data.result
            | {"network": name, "preset": name}
            | {"layers": [told | {"name": name}], "outputs": {name: seen}},
        )
    )
    # the numbers, and what draws them
    assert Page(html).seen.count("script") == 2
    assert html.count("&lt;script&gt;") >= 4
    assert '"name":"\\">\\u003cscript>' in html


def test_errors_that_are_no_numbers_are_told(data: RunData) -> None:
    """In words and in the tables; the figure leaves them out."""
    layers = [
        one | {"alone": None, "accumulated": None}
        for one in data.result["layers"]  # type: ignore[attr-defined]
    ]
    missing = dict.fromkeys(
        ("relative_rms", "worst_sample_relative_rms", "sqnr_dB")
    )
    seen = data.result["outputs"]["scores"] | missing  # type: ignore[index]
    told = data.result | {"layers": layers, "outputs": {"scores": seen}}
    html = render(dataclasses.replace(data, result=told))
    assert "holds values that are no numbers" in html
    assert "no number with exact inputs" in html
    assert "NaN or infinite values" in html


def test_same_run_gives_the_same_bytes(tmp_path: Path, html: str) -> None:
    write_report(run(), tmp_path / "report.html")
    assert (tmp_path / "report.html").read_bytes() == html.encode()


def test_old_report_survives_when_the_new_one_fails(
    tmp_path: Path, data: RunData, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def fail(_: RunData) -> Figure:
        raise MemoryError

    monkeypatch.setattr("mho.report.figures.confusion_matrix", fail)
    with pytest.raises(MemoryError):
        write_report(data, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_every_axis_label_carries_a_unit_or_says_that_it_counts(
    data: RunData,
) -> None:
    for figure in figures(data):
        axes = figure.axes
        labels = [
            label
            for a in axes
            for label in (a.get_xlabel(), a.get_ylabel())
            if label
        ]
        labels += [figure.get_supylabel()] if figure.get_supylabel() else []
        assert labels
        assert [label for label in labels if not UNIT.search(label)] == []


def test_page_of_a_run_without_any_cell_has_dashes_and_all_its_sections(
    data: RunData,
) -> None:
    nothing = empty(data)
    html = render(nothing)
    assert Page(html).headings == list(sections_of(nothing).values())
    assert "<td>–</td>" in html
    assert "No layer of this network is on the chip." in html
    assert "programmed no second chip" in html
    words = html.partition("<script")[0]
    assert "nan" not in re.sub(r'src="[^"]*"', "", words).lower()


def test_not_a_number_is_left_out_instead_of_stopping_the_report(
    data: RunData,
) -> None:
    nan = float("nan")
    layers = tuple(
        LayerMap(m.name, m.target, torch.full_like(m.readback, nan), m.outcome)
        for m in data.layers
    )
    traces = data.traces
    assert traces is not None
    broken = dataclasses.replace(
        data,
        layers=layers,
        error=data.error * nan,
        noise=data.noise * nan,
        traces=dataclasses.replace(traces, before=traces.before * nan),
        result=data.result | {"converged_fraction": nan, "chip_accuracy": None},
    )
    html = render(broken)
    assert "answers – of the test samples" in html


@pytest.mark.parametrize("classes", [1, 15, 40])
def test_confusion_matrix_is_drawn_for_any_number_of_classes(
    classes: int,
) -> None:
    counts = torch.eye(classes, dtype=torch.int64)
    assert draw_data_url(lambda: confusion_matrix(counts)).startswith(
        "data:image/png;base64,"
    )


def test_histogram_counts_every_finite_error_even_far_outside(
    data: RunData,
) -> None:
    """The outermost bars hold what lies further out: the heights add up to the cells."""
    far = data.error.clone()
    far[:7] = 1e-3
    axes = error_histogram(dataclasses.replace(data, error=far)).axes[0]
    (bars,) = (one for one in axes.patches if isinstance(one, StepPatch))
    heights = bars.get_data().values
    assert sum(heights) == far.numel()
    assert heights[-1] == 7


def test_total_row_is_the_sum_of_the_stages(data: RunData, html: str) -> None:
    row = html[html.index('<tr class="total">') :]
    pulses = sum(spent.pulses for spent in data.costs.values())
    assert f"<td>{pulses:,}</td>" in row


def test_page_is_smaller_than_three_megabytes(html: str) -> None:
    assert len(html.encode()) < 3_000_000


def test_one_huge_target_neither_hides_the_others_nor_pales_the_maps(
    data: RunData,
) -> None:
    """A cell whose partner is stuck may have a target of many times the others'.

    The scatter goes logarithmic; the maps' colours end near the other targets' 500 µS.
    """
    first = data.layers[0]
    target = first.target.clone()
    target[0, 0] = 9e-3
    layers = (
        dataclasses.replace(first, target=target, readback=target),
        *data.layers[1:],
    )
    changed = dataclasses.replace(data, layers=layers)
    assert readback_scatter(changed).axes[0].get_xscale() == "log"
    assert readback_scatter(data).axes[0].get_xscale() == "linear"
    assert maps.usual_range(changed)[1] < 501


def test_of_many_layers_the_largest_are_shown(
    data: RunData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room for the three largest of twenty, and then for one of three columns."""
    first = data.layers[0]
    layers = tuple(
        LayerMap(
            f"layer {width}",
            first.target[:, :1].expand(-1, width),
            first.readback[:, :1].expand(-1, width),
            first.outcome[:, :1].expand(-1, width),
        )
        for width in range(1, 21)
    )
    changed = dataclasses.replace(data, layers=layers)
    monkeypatch.setattr(maps, "MOST_CELLS", 9 * (20 + 19 + 18 + 3))
    shown = maps_shown(changed, Packer())
    assert shown is not None
    assert shown.names == ("layer 3", "layer 18", "layer 19", "layer 20")
    assert shown.left_out == 16
