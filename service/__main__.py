"""`python -m service` is the command `netiquette`, whatever the search path holds."""

from service.cli import main

main()
