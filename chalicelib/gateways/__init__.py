"""External services: queue, mail, DNS, identity providers, breached passwords, secrets."""
