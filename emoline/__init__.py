"""Python client of Emoline: `emoline.client` talks to a service, `emoline.models` has its documents."""
