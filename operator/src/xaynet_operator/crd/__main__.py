"""``python -m xaynet_operator.crd FOLDER ...`` writes the CustomResourceDefinition."""

import sys
from pathlib import Path

from xaynet_operator.crd.definition import FILE_NAME, page

if __name__ == "__main__":
    for folder in map(Path, sys.argv[1:]):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE_NAME).write_text(page(), encoding="utf-8")
