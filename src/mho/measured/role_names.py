"""The names that people give to columns, by what they mean; in small letters, without signs."""

QUANTITIES = {
    "time": ("s",),
    "conductance": ("S", "Ohm"),
    "current": ("A",),
    "voltage": ("V",),
    "read_voltage": ("V",),
    "amplitude": ("V",),
    "gate": ("V",),
    "width": ("s",),
    "before": ("S", "Ohm", "A"),
    "after": ("S", "Ohm", "A"),
    "written": ("S", "Ohm"),
    "low": ("S", "Ohm", "A"),
    "high": ("S", "Ohm", "A"),
    "temperature": ("K",),
    "deviation": ("S",),
    "mean": ("S", "Ohm"),
    "cell": ("1",),
    "row": ("1",),
    "column": ("1",),
    "level": ("1",),
    "cycle": ("1",),
    "pulse": ("1",),
    "ramp": ("1",),
    "direction": ("1",),
    "up": ("S", "Ohm", "1"),
    "down": ("S", "Ohm", "1"),
}
"""Roles of columns, and the units that each may have."""

_NAMES: dict[str, str] = {
    "time": (
        "time t zeit times elapsedtime timestamp seconds sec timesec waittime delay "
        "duration retentiontime nominaltime"
    ),
    "conductance": (
        "conductance g leitwert widerstand cond conductances resistance r res resistances "
        "gmeas rmeas gread rread"
    ),
    "current": (
        "ai iout imeasured icell absi iabs smu1i current i strom id ids ic ich1 "
        "currents i1 imeas iread draini draincurrent anodei"
    ),
    "voltage": (
        "av vf vapp vin bias appliedvoltage biasvoltage smu1v vforce voltage v spannung "
        "vd vds vc volt volts voltages v1 vmeas vsource vapplied anodev "
        "drainv"
    ),
    "read_voltage": "readvoltage vread readv readingvoltage vr readbias",
    "amplitude": (
        "amplitude pulseamplitude vpulse pulsevoltage amp amplitudev vprog "
        "programmingvoltage vwrite writevoltage"
    ),
    "gate": "gate vg vgs vgate gatevoltage wl vwl wlv wordlinevoltage",
    "width": (
        "width pulsewidth tpulse pw pulseduration pulselength tp pulsetime"
    ),
    "before": (
        "before gbefore rbefore conductancebefore resistancebefore ginitial rinitial gi "
        "ri initial ginit rinit initialresistance initialconductance r0 g0 rstart gstart "
        "gpre rpre"
    ),
    "after": (
        "after gafter rafter conductanceafter resistanceafter gfinal rfinal gf rf final "
        "finalresistance finalconductance rend gend gpost rpost"
    ),
    "written": (
        "written conductanceatwrite conductancewritten gwritten gwrite gatwrite target "
        "resistanceatwrite"
    ),
    "low": (
        "low glow gmin goff ghrs hrs rhrs roff rhigh rmax highresistance resistancehrs "
        "resistanceoff conductancelow lowconductance conductancehrs ioff ihrs "
        "conductanceoff"
    ),
    "high": (
        "high ghigh gmax gon glrs lrs rlrs ron rlow rmin lowresistance resistancelrs "
        "resistanceon conductancehigh highconductance conductancelrs ion ilrs "
        "conductanceon"
    ),
    "temperature": (
        "temperature temperatur temp tempc tempk tc tk bakingtemperature baketemperature "
        "bake"
    ),
    "deviation": (
        "deviation sd std sigma stddev stdev standarddeviation gstd "
        "gsigma sigmag"
    ),
    "mean": "mean average gmean meang mu gmu conductancemean meanconductance",
    "cell": (
        "cell device zelle cellid deviceid address addr dev cellnumber devicenumber dut "
        "addrs deviceno cellno"
    ),
    "row": "row wordline wlindex w rows word rowindex",
    "column": "column col bitline blindex b columns bit colindex columnindex",
    "level": "level state levels levelindex stateindex range",
    "cycle": (
        "cycle zyklus zyklen cycles cyclenumber cycleindex cyclecount cyclenum ncycle "
        "iteration"
    ),
    "pulse": (
        "pulse puls pulsenumber pulses pulseindex pulsecount npulse index step n number "
        "pulseno stepnumber"
    ),
    "ramp": (
        "ramp rmp ramps series sweep run trial curve train sweepnumber sweepindex "
        "repetition repeat"
    ),
    "direction": (
        "direction op operation type polarity optype setreset mode action kind"
    ),
    "up": "up ltp potentiation pot setresponse",
    "down": "down ltd depression dep resetresponse",
}

ROLE_OF = {
    name: role for role, names in _NAMES.items() for name in names.split()
}
"""What each name means."""
