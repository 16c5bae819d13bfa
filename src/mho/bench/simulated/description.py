"""What a bench with a simulated chip can do, as it says of itself."""

from mho.bench.interface import BenchInfo, Nominal
from mho.bench.simulated.typical import measured_typical, suiting_method
from mho.chip import Chip


def describe_chip(chip: Chip) -> BenchInfo:
    """What a bench with this chip can do."""
    array = chip.published.array
    cell = chip.cell
    law = cell.typical() or measured_typical(chip)
    selector = chip.selector
    ceiling = float(selector.compliance(selector.gate_max))
    if not cell.compliant:
        ceiling = cell.high
    nominal = Nominal(
        set_voltage=law.set_voltage,
        reset_voltage=law.reset_voltage,
        slope=law.slope,
        step=law.step,
        width=law.width,
        floor=cell.low,
        ceiling=ceiling,
        span=law.span,
    )
    return BenchInfo(
        name=f"simulated {chip.published.name}",
        tiles=chip.tiles,
        rows=chip.rows,
        cols=chip.cols,
        conductance_low=array.level_low,
        conductance_high=cell.high,
        array_low=array.map_low,
        array_high=array.map_high,
        amplitude_max=array.amplitude_max,
        gate_max=selector.gate_max,
        read_voltage=array.read_voltage,
        resolution=chip.read_adc.lsb,
        sample_time=chip.electronics.sample_time,
        nominal=nominal,
        wires=chip.lines,
        dac_bits=chip.around.dac.bits,
        adc_bits=chip.around.adc.bits,
        method=cell.method or suiting_method(law),
        telegraph=cell.has_telegraph_noise,
        levels=cell.levels,
    )
