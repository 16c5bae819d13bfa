"""`mho evaluate`."""

from mho.cli.options import (
    ByLayer,
    Data,
    FeedOptions,
    Json,
    Keep,
    MetricName,
    Samples,
    Threads,
    Wait,
)


def evaluate(
    chip: str,
    /,
    *,
    data: Data = None,
    feed: FeedOptions | None = None,
    metric: MetricName = None,
    samples: Samples = None,
    by_layer: ByLayer = False,
    wait: Wait = "0s",
    keep: Keep = False,
    json: Json = None,
    threads: Threads = 1,
) -> None:
    """Measure how good a network on a programmed chip is, and what an evaluation costs.

    With labels that is the share that it gets right, without them how far its outputs are from the
    digital network's, unless a metric says otherwise.

    Args:
        chip: File of `mho program`.
    """
    from mho.cli.shared import with_threads
    from mho.cli.work.networks import run_evaluate as work

    with with_threads(threads):
        work.run_evaluate(
            chip,
            data=data,
            arrays=(feed or FeedOptions()).arrays(),
            questions=(metric, samples, by_layer),
            wait=wait,
            keep=keep,
            json=json,
        )
