"""``python -m xaynet_cli``, and the command ``xaynet``."""

import os
import sys
from collections.abc import Sequence

from xaynet_cli.commands import app
from xaynet_cli.failures import CommandFailed
from xaynet_operator.resource import ResourceError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what was typed, and exit: with 1, and a sentence for each problem, if it was in vain."""
    try:
        app(arguments)
    except (CommandFailed, ResourceError) as error:
        for sentence in error.sentences:
            print(f"xaynet: {sentence}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        print(f"xaynet: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
