"""`python -m structx`."""

from structx.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
