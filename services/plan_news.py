"""News of plans on the bus: that one has changed, for whoever waits for it or watches its session."""

from __future__ import annotations

import json
import time

from services.bus import Bus, Listener
from services.plan_rows import FINISHED


def channel(conversation_id: str) -> str:
    """Where news of a session's plans comes."""
    return f"plans:{conversation_id}"


def tell(bus: Bus, plan_id: str, conversation_id: str, status: str) -> None:
    """Have everybody who watches the session look at the plan."""
    bus.publish(channel(conversation_id), json.dumps({"plan_id": plan_id, "status": status}).encode())


def hear_of_end(news: Listener, plan_id: str, timeout_s: float) -> None:
    """Return when news says that the plan is finished, or when time is over."""
    deadline = time.monotonic() + timeout_s
    while (left := deadline - time.monotonic()) > 0:
        heard = news.get(left)
        if heard is None or news.ended:
            return
        told = json.loads(heard)
        if told["plan_id"] == plan_id and told["status"] in FINISHED:
            return
