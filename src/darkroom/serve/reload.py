"""Notice that another model takes the place of the current one, and load it while that one answers."""

import asyncio
from collections.abc import Callable

from darkroom.runtime import errors
from darkroom.runtime.errors import DarkroomError
from darkroom.serve.model import ServedModel
from darkroom.serve.service import Service

SECONDS = 1.0  # between two looks

Seal = Callable[[], str]  # raises DarkroomError or OSError while there is no model
Load = Callable[[], ServedModel]


async def watch(service: Service, seal: Seal, load: Load) -> None:
    """Load a model whenever `seal` differs from that of the current one; one that cannot be used costs a warning."""
    failed = ""
    while True:
        await asyncio.sleep(SECONDS)
        try:
            found = await asyncio.to_thread(seal)
        except (DarkroomError, OSError):  # it is being replaced, or gone: the current one goes on
            continue
        if found not in (service.model.seal, failed):
            failed = "" if await _replace(service, load) else found


async def _replace(service: Service, load: Load) -> bool:
    try:
        service.replace(await asyncio.to_thread(load))
    except (DarkroomError, OSError) as fault:
        errors.warn(f"the model stays {service.model.name}: {fault}")
        service.counters.reload("failed")
        return False
    errors.inform(f"the model is now {service.model.name}, {service.model.digest}")
    service.counters.reload("loaded")
    return True
