"""What every test may use."""

pytest_plugins = [
    "tests.services.postgres",
    "tests.services.kafka",
    "tests.services.s3",
    "tests.services.stores",
    "tests.services.api",
    "tests.services.icecube",
]
