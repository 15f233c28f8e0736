"""Where spans go: nowhere, or by OTLP to a collector. Recording them is the business of common/tracing.py."""
