"""The function host's parts: a platform that does what AWS Lambda does, and a handler that runs on both."""
