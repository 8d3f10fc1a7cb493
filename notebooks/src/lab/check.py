"""Execute a notebook through its Jupyter kernel: check.py NOTEBOOK EXECUTED."""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

source, executed = map(Path, sys.argv[1:])
notebook = nbformat.read(source, as_version=4)
# A kernel that still builds the library takes longer to start than nbclient waits by default.
client = NotebookClient(
    notebook,
    timeout=600,
    startup_timeout=1200,
    kernel_name="rust",
    resources={"metadata": {"path": str(source.parent)}},
)
client.execute()
nbformat.write(notebook, executed)
