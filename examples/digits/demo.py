"""Ten participants learn to read digits together, and nobody sees their images.

    make demo        or        python examples/digits/demo.py [--output DIR] [--data DIR]

starts `xaynet up examples/digits/round.yaml` and ten participants, each a process with images of
its own, and shows how the global model gets better round by round. Writes accuracy.png, model.npy
and the logs into the output folder. Exit code 1 if the model does not become good enough.
"""

import argparse
import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import softmax
from digits import all_digits, dealt
from images import save
from results import WANTED, bars, picture
from rich.console import Console
from stage import HERE, Stage, StageFailed

from xaynet_cli.desired import assigned
from xaynet_cli.failures import CommandFailed
from xaynet_cli.models import FolderShelf
from xaynet_cli.screen import Screen

PARTICIPANTS = 10
ROUNDS = 8  # as in round.yaml; a folder that is used again learns for so many more
DEAL = 3  # seed of who gets which images: at best 78 in 100 right for one who learns alone
PATIENCE_SECONDS = 600.0


def main():
    options = parsed_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console()
    try:
        with TemporaryDirectory(prefix="xaynet-demo-") as temporary:
            accuracies = learn(options, Path(temporary), console)
    except KeyboardInterrupt:
        print("stopped: all processes have ended, and no model was written")
        sys.exit(130)
    except (StageFailed, CommandFailed) as failure:
        sys.exit(str(failure))
    print(f"accuracy.png, model.npy and logs are in {options.output}")
    if accuracies[-1] < WANTED:
        sys.exit(f"the accuracy is {accuracies[-1]:.3f}, but should be at least {WANTED}")
    print(f"after {len(accuracies)} rounds the accuracy is {accuracies[-1]:.3f}")


def parsed_options():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--output", type=Path, default=Path("demo-output"))
    arguments.add_argument(
        "--data", type=Path, help="folder of the service, which goes on from it; else a new one"
    )
    return arguments.parse_args()


def learn(options, temporary, console):
    """Let everyone learn until the rounds are over; the accuracy after each."""
    hands, held_out = dealt(all_digits(), PARTICIPANTS, np.random.default_rng(DEAL))
    files = [temporary / f"participant-{number}.npz" for number in range(1, PARTICIPANTS + 1)]
    for hand, file in zip(hands, files, strict=True):
        save(hand, file)
    accuracies = []
    console.print(f"starting a service and {PARTICIPANTS} participants …")
    with Stage(options.output / "logs") as stage:
        folder = stage.start_service(HERE / "round.yaml", options.data or temporary / "service")
        go_on(folder.control())
        stage.start_participants(files, folder.serving().public)
        with Screen(console, f"{PARTICIPANTS} participants learn to read digits") as screen:
            for weights in global_models(stage, folder, screen, accuracies):
                accuracies.append(softmax.accuracy(weights, held_out))
                tell(screen, accuracies)
    np.save(options.output / "model.npy", weights)
    steps = softmax.STEPS * len(accuracies)
    alone = [softmax.train(softmax.untrained(), hand, steps) for hand in hands]
    alone = [softmax.accuracy(weights, held_out) for weights in alone]
    picture(accuracies, alone, options.output / "accuracy.png")
    return accuracies


def tell(screen, accuracies):
    """The accuracy that was reached; the live view has bars for it."""
    if not screen.is_live:
        screen.tell(f"accuracy of global model {len(accuracies)}: {accuracies[-1]:.3f}")


def go_on(control):
    """A service that has completed its rounds gets as many again."""
    state = control.state()
    if state["phase"] == "Completed":
        rounds = state["rounds"]["successful"] + ROUNDS
        control.change(lambda desired: assigned(desired, [f"rounds={rounds}"]))


def global_models(stage, folder, screen, accuracies):
    """The weights of each new global model, until the service has completed its rounds."""
    control, shelf = folder.control(), FolderShelf(folder.models)
    deadline = time.monotonic() + PATIENCE_SECONDS
    state = control.state()
    known = state["latestModel"]
    while state["phase"] != "Completed" or state["latestModel"] != known:
        if time.monotonic() > deadline:
            raise StageFailed(f"the rounds take too long: {state['waitingFor']}")
        screen.show(state, bars(accuracies))
        if state["latestModel"] != known:
            known = state["latestModel"]
            yield shelf.array(known["id"]).reshape(softmax.SHAPE)
        stage.check()
        state = control.state(state["revision"], 1.0)
    screen.show(state, bars(accuracies))


if __name__ == "__main__":
    main()
