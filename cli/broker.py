"""`razbor broker`: the embedded broker as a process of its own, started by `razbor serve`."""

from __future__ import annotations


def broker() -> None:
    """Run the embedded broker in the foreground; `razbor serve` does this for you."""
    from cli.embedded_broker import run_broker
    from settings import load_settings

    run_broker(load_settings())
