"""Tests of the page: what serves it in process, and the page itself in a browser."""
