"""`python -m mho`."""

from mho.cli.main import main

if __name__ == "__main__":
    main()
