"""What happened? One append-only log of every process that serves a data directory, provable record by record.

``log.AuditLog`` writes and ``read.AuditReader`` reads; the rest of the package is what the two are made of.
"""
