"""``python -m separatrix.cli``: the same as the ``separatrix`` script."""

from separatrix.cli.app import main

main()
