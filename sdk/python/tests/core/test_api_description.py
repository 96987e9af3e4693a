"""What the server says of its API is true: schemathesis makes requests from the OpenAPI document, right
ones and wrong ones, and compares each answer with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .support import Server

# Which values are valid is more than a schema can say (a rule of a monitor, a cursor, a select): that a
# request which fits its schema is refused is no fault. Other methods than those of the document are tested
# beside the server, and take half of the time here.
SETTINGS = """
continue-on-failure = true
request-timeout = 20.0
headers = { "Accept-Encoding" = "identity" }

[generation]
max-examples = 20
database = "none"

[phases.coverage]
unexpected-methods = []
generate-duplicate-query-parameters = false

[phases.stateful]
enabled = false

[checks.positive_data_acceptance]
enabled = false

# A filter of a form that is left empty is none.
[[operations]]
include-path = "/api/v1/runs"
include-method = "GET"

[operations.checks.negative_data_rejection]
enabled = false
"""

# Its answer has no end.
ENDLESS = "/api/v1/runs/{run}/live"


def test_each_answer_is_as_the_document_describes(server: Server, tmp_path: Path) -> None:
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(SETTINGS)
    document = f"{server.url}/api/v1/openapi.json"
    options = ["--exclude-path", ENDLESS, "--seed", "1", "--no-color"]
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "run", document, *options],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Tested: " in done.stdout, done.stdout
