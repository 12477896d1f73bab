"""Entry of `python -m cli`, which is how `razbor serve` starts its parts."""

import signal
import sys

from cli.child_process import bind_to_supervisor
from cli.main import run

# SIGTERM lets the broker write its file out; everything else is safe to end at any moment.
bind_to_supervisor(signal.SIGTERM if sys.argv[1:2] == ["broker"] else signal.SIGKILL)
run()
