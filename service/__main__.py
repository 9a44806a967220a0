"""Run the command `netiquette` by `python -m service`, which needs no script on the PATH."""

from service.cli import main

main()
