"""Jobs that revoke many tokens: their routes, requests and responses."""
