"""What a release ships of the API: its OpenAPI document and a Postman collection. Run it as `./pombo openapi`."""

import argparse
import json
import sys
from pathlib import Path

from frontend import openapi, operations, postman
from frontend.probes import VERSION


def write(folder: Path, url: str) -> list[Path]:
    """The files, made anew; the same code writes the same bytes."""
    document = openapi.build(operations.ALL, version=VERSION, url=url)
    folder.mkdir(parents=True, exist_ok=True)
    files = {"openapi.json": document, "postman_collection.json": postman.build(document)}
    for name, content in files.items():
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in files]


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo openapi", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("release"), help="folder for the files (default: release)")
    parser.add_argument("--url", default="", help="where the API is reached")
    options = parser.parse_args()
    for path in write(options.output, options.url):
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
