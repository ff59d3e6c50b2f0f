"""Work without HTTP: the job queue's worker, and the daily SSO check."""
