"""``xaynet watch``: a service, followed through its control API."""

import time
from itertools import count

from xaynet_cli.control import NoAnswer
from xaynet_cli.data_folder import NotServed
from xaynet_cli.desired import Document
from xaynet_cli.reach import Reach
from xaynet_cli.screen import Screen

LIVE_SECONDS = 1.0  # what a live view shows gets old
PLAIN_SECONDS = 30.0
BREATH_SECONDS = 0.1
RETRY_SECONDS = 1.0


def follow(reach: Reach, screen: Screen) -> None:
    """Show a service until Ctrl-C, or until it has ended; one that is away may come back."""
    seconds = LIVE_SECONDS if screen.is_live else PLAIN_SECONDS
    state = reach.control().state()  # if nothing answers at all, this is the end of it
    with screen:
        try:
            while state["phase"] != "Terminated":
                screen.show(state)
                time.sleep(BREATH_SECONDS)
                state = next_state(reach, screen, state["revision"], seconds)
            screen.show(state)
        except NotServed:
            screen.tell("the service has stopped")
        except KeyboardInterrupt:
            pass


def next_state(reach: Reach, screen: Screen, revision: int, seconds: float) -> Document:
    """The next state, however long nothing answers. Raises ``NotServed``."""
    for tries in count(1):
        try:
            return reach.control().state(revision, seconds)
        except NoAnswer as error:
            if tries == 2:  # after a second in which it could have come back, or told its end
                screen.tell(*error.sentences)
            time.sleep(RETRY_SECONDS)
    raise AssertionError("counting has an end")
