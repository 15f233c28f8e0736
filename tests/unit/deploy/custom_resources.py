"""Reads custom resources from standard input with the models of their schemas, and prints them as they were read.

Run by a test in an environment of its own (see deploy/kubernetes/models-requirements.in).
"""

import json
import sys

from cloudcoil.models.keda.v1alpha1 import ScaledObject  # type: ignore[import-not-found]  # in that environment only
from cloudcoil.models.prometheus_operator.v1 import PodMonitor, ServiceMonitor  # type: ignore[import-not-found]  # in that environment only

MODELS = {model.__name__: model for model in (ScaledObject, ServiceMonitor, PodMonitor)}

if __name__ == "__main__":
    read = [MODELS[resource["kind"]].model_validate(resource) for resource in json.load(sys.stdin)]
    json.dump([one.model_dump(mode="json", by_alias=True, exclude_unset=True) for one in read], sys.stdout)
