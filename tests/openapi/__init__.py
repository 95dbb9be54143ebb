"""The OpenAPI document and the page made of it; the service held to both."""
