"""Entry of `python -m cli`, which is how `razbor serve` starts its parts."""

from cli.main import run

run()
