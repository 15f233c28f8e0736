"""The broker's configuration: one node that is broker and controller, small and quick."""

_SETTINGS = {
    "node.id": "1",
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",  # as in production: `icecube topics` creates them
    "num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",  # there is no fleet to wait for
}


def properties(*, listen_host: str, advertised: str, port: int, controller_port: int) -> dict[str, str]:
    """Return the broker's properties by Kafka's names; it advertises an address for this machine only."""
    controller = f"127.0.0.1:{controller_port}"
    return _SETTINGS | {
        "listeners": f"PLAINTEXT://{listen_host}:{port},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{advertised}",
        "controller.quorum.voters": f"1@{controller}",
    }
