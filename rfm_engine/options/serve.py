"""The options of the service."""

from __future__ import annotations

import os
from typing import Annotated, TypedDict

from rfm_engine.options.declaration import Option

_PANEL = "Service"
DEFAULT_BIND = "127.0.0.1:8765"


class ServeOptions(TypedDict, total=False):
    """Where the service listens, who may read, and what it answers."""

    bind: Annotated[
        str | None,
        Option(
            f"Address to listen on; default: {DEFAULT_BIND}.", _PANEL, None, "HOST:PORT",
            doc="address and port to listen on, for example `[::1]:8765`; port 0 is any free port, "
            "which the line on stderr shows",
            stated=f"`{DEFAULT_BIND}`",
        ),
    ]  # fmt: skip
    socket: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "Listen on a socket in the file system, for a proxy in front.", _PANEL, None, "PATH",
            doc="listen on a Unix socket instead, for a proxy in front. Its owner and its group "
            "may connect (mode 0660). A socket that no process listens on is replaced",
            stated="none",
        ),
    ]  # fmt: skip
    token_file: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "File with the token that clients must send; only its owner may read it.",
            _PANEL, None, "F",
            doc="file with the token that clients must send as `Authorization: Bearer TOKEN`: at "
            "least 32 characters, readable for its owner only (mode 0600 or 0400). A second line "
            "is a second token, so that clients can change over. Without the option, the "
            "environment variable `RFM_SERVE_TOKEN` is the token, if it is set",
            stated="none",
        ),
    ]  # fmt: skip
    workers: Annotated[
        int,
        Option(
            "Number of processes that answer requests.", _PANEL, 1, "N",
            doc="number of processes that answer requests on the same address, 1 to 64. They share "
            "the memory of the customers. A process that ends is replaced",
        ),
    ]  # fmt: skip
    allow_remote: Annotated[
        bool,
        Option(
            "Allow an address that other machines can reach; needs a token.", _PANEL, default=False,
            doc="allow an address that other machines can reach; needs a token. Requests are not "
            "encrypted: see [behind a proxy](../how-to/run-the-service.md)",
        ),
    ]  # fmt: skip
    ready_max_age: Annotated[
        str,
        Option(
            "Age of the file above which the service is not ready.", _PANEL, "26h", "AGE",
            doc="age of the file of customers above which `/readyz` has status 503: a whole number "
            "of `s`, `m`, `h` or `d`; requests are still answered",
        ),
    ]  # fmt: skip
    lists: Annotated[
        bool,
        Option(
            "Also list the customers of a segment.", _PANEL, default=False,
            doc="also answer `/v1/segments/{name}/customers`, which lists customers. Without it a "
            "client must know an id to read a customer",
        ),
    ]  # fmt: skip
