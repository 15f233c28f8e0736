"""A Kafka broker in this process: the one that librdkafka contains for its own tests.

It speaks the real protocol to any client, and keeps everything in memory. What it lacks: more than one
member a group, CreateTopics, more than 4 partitions a topic and 5 MiB a partition, and it lets every fetch
wait out its full time. So `icecube up` runs one processor with it, and asks for short waits.

It is reached through librdkafka's C interface (rdkafka_mock.h) in confluent-kafka's wheel: the Python one starts
such a broker too, but with a group's first rebalance delayed by three seconds, which a user would wait for.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import cimpl

FETCH_WAIT_MS = 20
"""How long a fetch should wait here. Measured from event to consumer: p50 13 ms; with 1500 ms, 820 ms."""

_PRODUCER = 0  # RD_KAFKA_PRODUCER: a client must own the broker, of whatever type
_ERRORS_ONLY = b"3"  # syslog's number; the notices that a mock cluster runs are noise
_BROKERS = 1


class EmbeddedBrokerError(Exception):
    """The broker could not be started."""


@contextmanager
def embedded_broker() -> Iterator[str]:
    """Run the broker and yield its address, `host:port` on the loopback; all its data is lost at the end."""
    library = _library()
    reason = ctypes.create_string_buffer(512)
    settings = library.rd_kafka_conf_new()
    library.rd_kafka_conf_set(settings, b"log_level", _ERRORS_ONLY, reason, len(reason))
    client = library.rd_kafka_new(_PRODUCER, settings, reason, len(reason))
    if not client:
        message = f"the embedded broker did not start: {reason.value.decode(errors='replace')}"
        raise EmbeddedBrokerError(message)
    try:
        with _cluster(library, client) as address:
            yield address
    finally:
        library.rd_kafka_destroy(client)


@contextmanager
def _cluster(library: ctypes.CDLL, client: int) -> Iterator[str]:
    cluster = library.rd_kafka_mock_cluster_new(client, _BROKERS)
    if not cluster:
        message = "the embedded broker did not start: librdkafka made no cluster"
        raise EmbeddedBrokerError(message)
    try:
        library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0)  # there is no fleet to wait for
        yield library.rd_kafka_mock_cluster_bootstraps(cluster).decode()
    finally:
        library.rd_kafka_mock_cluster_destroy(cluster)


def _library() -> ctypes.CDLL:
    """Return librdkafka as the wheel's extension has loaded it, with the signatures of rdkafka.h and rdkafka_mock.h."""
    library = ctypes.CDLL(cimpl.__file__)
    pointer, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    signatures = {
        "rd_kafka_conf_new": (pointer, []),
        "rd_kafka_conf_set": (number, [pointer, text, text, text, ctypes.c_size_t]),
        "rd_kafka_new": (pointer, [number, pointer, text, ctypes.c_size_t]),
        "rd_kafka_destroy": (None, [pointer]),
        "rd_kafka_mock_cluster_new": (pointer, [pointer, number]),
        "rd_kafka_mock_cluster_bootstraps": (text, [pointer]),
        "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [pointer, ctypes.c_int32]),
        "rd_kafka_mock_cluster_destroy": (None, [pointer]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
