"""The service: photos over HTTP, for other programs and, on a page, for people."""
