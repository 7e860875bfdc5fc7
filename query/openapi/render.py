#!/usr/bin/env python3
"""Makes of openapi.json what tallyd serves at /openapi.json and /docs, as one C++ file.

  render.py OPENAPI_JSON VERSION OUT.cc

Run by the build. style.css and script.js are taken from the folder of this file.
"""

import json
import pathlib
import re
import sys

import page

FOLDER = pathlib.Path(__file__).parent
VERSION_IN_SOURCE = '"version": "0.0.0"'
RAW_STRING_MARK = "tally_document"

TEMPLATE = """// Generated from query/openapi; do not edit.
#include "query/openapi/documents.h"

namespace tally::query {{

{definitions}
}}  // namespace tally::query
"""


def one_line(text):
    """Without line breaks and indentation. Not parsed and written again: 0.50 stays 0.50."""
    return re.sub(r"\n *", "", text)


def with_version(text, version):
    if text.count(VERSION_IN_SOURCE) != 1:
        sys.exit(f"render.py: openapi.json must say {VERSION_IN_SOURCE} once")
    return text.replace(VERSION_IN_SOURCE, f'"version": {json.dumps(version)}')


def definition(name, text):
    if f'){RAW_STRING_MARK}"' in text:
        sys.exit(f"render.py: {name} holds the mark that ends it")
    return (f'const std::string_view {name} = R"{RAW_STRING_MARK}({text}){RAW_STRING_MARK}";\n')


def main(source, version, out):
    text = with_version(pathlib.Path(source).read_text(encoding="utf-8"), version)
    documents = {
        "kOpenApiJson": one_line(text),
        "kDocsHtml": page.render(text),
        "kDocsCss": (FOLDER / "style.css").read_text(encoding="utf-8"),
        "kDocsScript": (FOLDER / "script.js").read_text(encoding="utf-8"),
    }
    definitions = "".join(definition(*document) for document in documents.items())
    pathlib.Path(out).write_text(TEMPLATE.format(definitions=definitions), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
