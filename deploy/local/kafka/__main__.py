"""`python -m deploy.local.kafka`: Apache Kafka in the foreground, until Ctrl-C."""

import argparse
import sys
import time
from pathlib import Path

from deploy.local.kafka import KafkaUnavailableError
from deploy.local.kafka.running import any_kafka
from deploy.local.processes.stopping import exit_on_signal


def main() -> int:
    """Run the broker that the command line describes; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.kafka", description=__doc__)
    parser.add_argument("--port", type=int, default=9092, help="port on 127.0.0.1 (default: 9092)")
    parser.add_argument("--data-dir", type=Path, default=Path("data/kafka"), help="folder (default: data/kafka)")
    arguments = parser.parse_args()
    exit_on_signal()
    try:
        with any_kafka(arguments.data_dir, arguments.port) as broker:
            sys.stdout.write(f"Apache Kafka listens on {broker.address}. ICECUBE_KAFKA_BROKERS={broker.address}\n")
            sys.stdout.flush()
            while broker.is_running():
                time.sleep(1)
    except KafkaUnavailableError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    sys.stderr.write("Kafka ended by itself\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
