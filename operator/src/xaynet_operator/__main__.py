"""``xaynet-operator``: the operator in the foreground, set up by its environment."""

import asyncio
import os
import sys

from xaynet_operator.logs import set_up_logs
from xaynet_operator.operating import operate
from xaynet_operator.settings import OperatorSettings, SettingsError


def main() -> int:
    """Run until SIGTERM or SIGINT; 1 if the settings do not allow it."""
    try:
        settings = OperatorSettings.read(os.environ)
        set_up_logs(settings.log_level)
        asyncio.run(operate(settings))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
