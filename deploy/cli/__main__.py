"""`python -m deploy.cli` is `icecube`, for an interpreter whose scripts are not on the path."""

from deploy.cli.main import main

if __name__ == "__main__":
    main()
