"""`python -m deploy.local` is `icecube`, for whoever has the interpreter but not its scripts on the path."""

from deploy.local.command import main

if __name__ == "__main__":
    main()
