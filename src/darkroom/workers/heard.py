"""Wait for a call in C code, which no signal interrupts, while this process hears signals.

The call runs in a thread of its own, which is left behind if nobody waits for it any more. It stays when the call has
returned, because Linux may end the processes that a thread started together with it.
"""

import queue
import threading
from collections.abc import Callable


def wait_for(call: Callable[[], object], seconds: float, too_long: Callable[[str], Exception]) -> None:
    """Wait until `call` returns, and raise what it raises; after so many `seconds` raise `too_long(why)`."""
    ended: queue.Queue[BaseException | None] = queue.Queue()

    def run() -> None:
        try:
            call()
        except BaseException as fault:
            ended.put(fault)
        else:
            ended.put(None)
            threading.Event().wait()

    threading.Thread(target=run, daemon=True).start()
    try:
        fault = ended.get(timeout=seconds)
    except queue.Empty:
        raise too_long(f"no connection within {seconds:g} s") from None
    if fault:
        raise fault
