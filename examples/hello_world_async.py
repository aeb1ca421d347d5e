"""A participant whose program decides itself when it has a new local model.

    python examples/hello_world_async.py http://127.0.0.1:8081

As with examples/hello_world.py, a round needs several participants. Ctrl-C ends it.
"""

import argparse
import itertools

from xaynet_sdk import GlobalModelUnavailable, spawn_async_participant


def follow_rounds(participant, new_global_model, weights, rounds):
    """Print each global model, and give a local model for the next update task."""
    for _ in range(rounds) if rounds else itertools.count():
        new_global_model.wait()
        try:
            print("a round has begun, the global model is", participant.get_global_model())
        except GlobalModelUnavailable as error:
            print("no luck this time:", error)
            continue
        participant.set_local_model(weights)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("url", help="the coordinator, for example http://127.0.0.1:8081")
    arguments.add_argument("--length", type=int, default=4, help="weights of the model")
    arguments.add_argument("--rounds", type=int, help="end after so many rounds")
    options = arguments.parse_args()

    participant, new_global_model = spawn_async_participant(options.url)
    try:
        follow_rounds(participant, new_global_model, [0.25] * options.length, options.rounds)
    except KeyboardInterrupt:
        pass
    finally:
        participant.stop()


if __name__ == "__main__":
    main()
