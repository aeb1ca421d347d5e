"""Download the current global model, and save it for numpy.

python examples/download_global_model.py http://127.0.0.1:8081 --save model.npy
"""

import argparse
import sys

import numpy as np

from xaynet_sdk import GlobalModelUnavailable, spawn_async_participant


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("url", help="the coordinator, for example http://127.0.0.1:8081")
    arguments.add_argument("--save", metavar="FILE", help="where to save it, as .npy")
    options = arguments.parse_args()

    participant, _ = spawn_async_participant(options.url)
    try:
        model = participant.get_global_model_array()
    except GlobalModelUnavailable as error:
        sys.exit(str(error))
    finally:
        participant.stop()
    if model is None:
        sys.exit("there is no global model yet: no round has succeeded")
    print(f"{len(model)} weights of type {model.dtype}:", model)
    if options.save:
        np.save(options.save, model)


if __name__ == "__main__":
    main()
