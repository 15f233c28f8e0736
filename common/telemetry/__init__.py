"""Sends spans nowhere, or by OTLP to a collector; common/tracing.py records them."""
