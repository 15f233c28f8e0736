"""What every test may use."""

pytest_plugins = ["tests.services.postgres", "tests.services.s3", "tests.services.stores", "tests.services.api"]
