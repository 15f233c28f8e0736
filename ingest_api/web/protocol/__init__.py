"""What one connection may do: HTTP within bounds, before any route sees a request."""
