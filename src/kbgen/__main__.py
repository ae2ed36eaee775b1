"""`python -m kbgen` is the command `kbgen`."""

from kbgen.cli import main

if __name__ == "__main__":
    main()
