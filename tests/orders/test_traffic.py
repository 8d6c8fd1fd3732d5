"""Connections that end while their bytes are counted."""

from __future__ import annotations

import socket
import struct

import pytest

from rfm_engine.orders.sources import traffic


def test_is_local__of_a_connection_that_was_reset():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        other, _ = server.accept()
        assert traffic._is_local(client)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        other.close()
        with pytest.raises(OSError, match="reset"):
            client.recv(1)
        with pytest.raises(OSError, match="not connected"):
            client.getpeername()
        assert traffic._is_local(client)
