"""`python -m deploy.cli` is `icecube`, for whoever has the interpreter but not its scripts on the path."""

from deploy.cli.main import main

if __name__ == "__main__":
    main()
