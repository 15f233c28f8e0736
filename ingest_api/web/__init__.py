"""The HTTP edge: routes, bodies, problems, and what surrounds every request."""
