"""The HTTP edge: routes, bodies, problems and middleware."""
