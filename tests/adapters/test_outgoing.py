"""Requests to users' URLs reach public addresses only: real sockets, and a listener that no request may reach."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from threading import Thread

import pytest

from shared.adapters.outgoing_http import Answer, Outgoing, Unreachable
from tests.support.hostile_urls import LITERALS, TRICKS
from tests.support.servers.certificate import HOST_NAME
from tests.support.servers.receiver import LOOPBACK, Receiver, Reply, receiving
from tests.support.waiting import PATIENCE_S

ROUTED_NOWHERE = "192.88.99.1"
"""A public address that nobody has had since relays of 6to4 were given up."""
PUBLIC = ["8.8.8.8", ROUTED_NOWHERE, "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::1"]


@pytest.fixture
def private() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def post(outgoing: Outgoing, url: str, timeout_s: float = PATIENCE_S) -> Answer:
    return outgoing.post(url, b"{}", {"Content-Type": "application/json"}, timeout_s)


@pytest.mark.parametrize("host", LITERALS)
def test_no_spelling_of_a_private_address_reaches_it(host: str, private: Receiver) -> None:
    with pytest.raises(Unreachable, match=r"not public|no address"):
        post(Outgoing(), f"http://{host}:{private.port}/hook", timeout_s=0.5)
    assert private.connections == 0


@pytest.mark.parametrize("url", TRICKS)
def test_no_trick_with_a_url_reaches_a_private_address(url: str, private: Receiver) -> None:
    listener_address = f"127.0.0.1:{private.port}"
    filled = url.replace("{own}", listener_address).replace("{port}", str(private.port))
    with pytest.raises(Unreachable, match=r"not public|no address|cannot be used"):
        post(Outgoing(resolver=lambda host, _: ["127.0.0.1"]), filled, timeout_s=0.5)
    assert private.connections == 0


def test_the_set_has_enough_files() -> None:
    assert len(set(LITERALS)) + len(set(TRICKS)) >= 100


@pytest.mark.parametrize("first", ["127.0.0.1", ROUTED_NOWHERE])
def test_a_name_that_leads_elsewhere_each_time_is_asked_once(first: str, private: Receiver) -> None:
    asked: list[str] = []

    def rebinding(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return [first if len(asked) == 1 else "127.0.0.1"]

    with pytest.raises(Unreachable):
        post(Outgoing(resolver=rebinding), f"http://{HOST_NAME}:{private.port}/", timeout_s=0.5)
    assert (asked, private.connections) == ([HOST_NAME], 0)


@pytest.mark.parametrize("addresses", [["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["2606:4700::1", "::1"], []])
def test_a_name_with_one_private_address_among_others_is_refused(addresses: list[str], private: Receiver) -> None:
    with pytest.raises(Unreachable, match="not public"):
        post(Outgoing(resolver=lambda *_: addresses), f"http://{HOST_NAME}:{private.port}/")
    assert private.connections == 0


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_public_addresses_may_be_reached(address: str) -> None:
    assert Outgoing()._may_reach(ip_address(address))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int, private: Receiver) -> None:
    with receiving() as first:
        first.answer = lambda _: Reply(status, {"Location": private.url})
        answer = post(Outgoing(LOOPBACK), first.url)
    assert (answer.status, private.connections) == (status, 0)


def test_a_request_arrives_unchanged_under_the_given_host_name(private: Receiver) -> None:
    outgoing = Outgoing(LOOPBACK, lambda *_: ["127.0.0.1"])
    outgoing.post(f"http://{HOST_NAME}:{private.port}/a/b?c=d%20e#f", b'{"x": 1}', {"X-Own": "yes"}, 5)
    outgoing.post(f"http://{HOST_NAME}:{private.port}", b"", {}, 5)
    first, second = private.received
    assert (first.path, first.body, first.headers["x-own"]) == ("/a/b?c=d%20e", b'{"x": 1}', "yes")
    assert first.headers["host"] == f"{HOST_NAME}:{private.port}"
    assert second.path == "/"


def test_an_address_that_does_not_answer_is_followed_by_the_next(private: Receiver) -> None:
    outgoing = Outgoing(LOOPBACK, lambda *_: ["127.0.0.2", "127.0.0.1"])
    assert post(outgoing, f"http://{HOST_NAME}:{private.port}/").status == 204


def test_only_networks_that_are_allowed_are_reached_besides_the_public_ones(private: Receiver) -> None:
    only = Outgoing([ip_network("10.1.0.0/16"), ip_network("fd00::/8")])
    for inside in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::1"):
        assert only._may_reach(ip_address(inside))
    for outside in ("10.2.0.1", "127.0.0.1", "fe80::1"):
        assert not only._may_reach(ip_address(outside))


@pytest.mark.parametrize("silent", [True, False])
def test_a_silent_or_trickling_receiver_is_given_up_in_time(silent: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            with listener.accept()[0] as connection, suppress(OSError):
                for byte in b"HTTP/1.1 200 OK\r\n" + 100 * b"X-More: yes\r\n":
                    time.sleep(0.1)
                    if not silent:
                        connection.sendall(bytes([byte]))

        thread = Thread(target=drip, daemon=True)
        thread.start()
        started = time.monotonic()
        with pytest.raises(Unreachable, match=r"no answer within 0.5 s"):
            post(Outgoing(LOOPBACK), f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout_s=0.5)
        assert time.monotonic() - started < 50


def test_an_answer_without_end_is_not_heard_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sent = 0

        def pour() -> None:
            nonlocal sent
            with listener.accept()[0] as connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while sent < 200 << 20:
                    sent += connection.send(bytes(1 << 16))

        thread = Thread(target=pour, daemon=True)
        thread.start()
        assert post(Outgoing(LOOPBACK), f"http://127.0.0.1:{listener.getsockname()[1]}/").status == 200
        thread.join(PATIENCE_S)
        assert sent < 50 << 20


def test_an_unreachable_or_broken_receiver_is_an_error(private: Receiver) -> None:
    private.answer = lambda _: Reply(None)
    with pytest.raises(Unreachable, match="broke off"):
        post(Outgoing(LOOPBACK), private.url)
    with pytest.raises(Unreachable, match="refused"):
        post(Outgoing(LOOPBACK), "http://127.0.0.1:1/")
    with pytest.raises(Unreachable, match="broke off"):
        post(Outgoing(LOOPBACK), private.url.replace("http", "https"))


def test_a_certificate_must_be_valid_and_of_the_name_in_the_url(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    named: list[str | None] = []
    context.sni_callback = lambda _, name, __: named.append(name)
    with receiving(context) as receiver:
        url = f"https://{HOST_NAME}:{receiver.port}/"
        with pytest.raises(Unreachable, match="certificate"):
            post(Outgoing(LOOPBACK, lambda *_: ["127.0.0.1"]), url)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert post(Outgoing(LOOPBACK, lambda *_: ["127.0.0.1"]), url).status == 204
        with pytest.raises(Unreachable, match="certificate"):
            post(Outgoing(LOOPBACK, lambda *_: ["127.0.0.1"]), url.replace(HOST_NAME, "other.example"))
        assert named == [HOST_NAME, HOST_NAME, "other.example"]
        assert receiver.received[0].headers["host"] == f"{HOST_NAME}:{receiver.port}"
