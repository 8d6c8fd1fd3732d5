"""Look up customers of a snapshot: in process, or over HTTP."""

from rfm_engine.serve.application import app as app

__all__ = ["app"]
