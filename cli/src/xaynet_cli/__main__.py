"""``python -m xaynet_cli``, and the command ``xaynet``."""

import os
import sys

from xaynet_cli.commands import app
from xaynet_cli.failures import CommandFailed
from xaynet_operator.resource import ResourceError


def main() -> None:
    """Run what was typed; 1 with a sentence for each problem."""
    try:
        app()
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
