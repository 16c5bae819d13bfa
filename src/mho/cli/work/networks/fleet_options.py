"""What `mho fleet` is asked for besides the job: how cells hold weights, and scores to reach."""

from mho.checks import check_between, check_positive
from mho.data import PERCENT, Metric
from mho.runs.fleets import PHYSICS_MOST, WAYS


def way_of(ways: tuple[bool, bool, bool], chips: int) -> str:
    """How cells come to hold weights: as is named, else as suits the number of chips.

    Args:
        ways: Whether each of `WAYS` is named.
        chips: Chips of a fleet (1).

    Raises:
        ValueError: Several are named.
    """
    named = [way for way, given in zip(WAYS, ways, strict=True) if given]
    if len(named) > 1:
        told = " and ".join(f"`{way}`" for way in named)
        raise ValueError(
            f"Argument `{named[0]}` must be given alone, but {told} are given; leave one out."
        )
    usual = "physics" if chips <= PHYSICS_MOST else "drawn"
    return next(iter(named), usual)


def check_surrogate_options(
    way: str, table: str | None, check: int | None
) -> None:
    """Refuse what only a surrogate has.

    Raises:
        ValueError: It is given for another way, or too few chips are to be compared.
    """
    for name, value in (("table", table), ("check", check)):
        if value is not None and way != "surrogate":
            raise ValueError(
                f"Argument `{name}` must be left out unless cells are drawn from a surrogate; add"
                " `--surrogate`."
            )
    if check is not None:
        check_between(check, "check", 8, 10_000, "1")


def number_of(text: str | None, name: str) -> float | None:
    """A number above 0 as people write it, before its unit is known.

    Raises:
        ValueError: It is none.
    """
    if text is None:
        return None
    try:
        value = float(text.strip().removesuffix("%"))
    except ValueError:
        raise ValueError(
            f"Argument `{name}` must be a number, such as `96%` of a share, but is `{text}`."
        ) from None
    if name == "until":
        check_positive(value, name, "1")
    if text.strip().endswith("%"):
        check_between(value / 100, name, 0.0, 1.0, "1")
    return value


def score_of(text: str | None, name: str, metric: Metric) -> float | None:
    """A score: of a share in percent, or as a part of one.

    Raises:
        ValueError: The metric is no share, or a share lies outside of 0 to 1.
    """
    value = number_of(text, name)
    if value is None or text is None:
        return None
    is_percent = text.strip().endswith("%")
    if is_percent and metric.unit != PERCENT:
        raise ValueError(
            f"Argument `{name}` must be a number in the unit of `{metric.name}`, but is `{text}`;"
            " leave out the `%`."
        )
    if not is_percent and metric.unit == PERCENT and value > 1:
        raise ValueError(
            f"Argument `{name}` must be a share from 0 to 1, or percent, but is `{text}`; did you"
            f" mean `{text.strip()}%`?"
        )
    value /= 100 if is_percent else 1
    if metric.unit == PERCENT:
        check_between(value, name, 0.0, 1.0, "1")
    return value
