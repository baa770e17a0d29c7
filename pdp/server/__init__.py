"""The gRPC adapter: one process that serves, or a supervisor with several.

``pdp.server.run.run`` starts the service; everything it needs is passed in.
"""
