"""An address has one spelling, and what could be read in two ways is refused."""

from __future__ import annotations

import httpx
import pytest

from ergate.services.addresses import ServiceAddress

ACCEPTED = {
    "http://upper.local": "http://upper.local/",
    "http://upper.local:5000/": "http://upper.local:5000/",
    "HTTP://UPPER.Local/Path": "http://upper.local/Path",
    "http://upper.local:80/": "http://upper.local/",
    "https://upper.local:443/": "https://upper.local/",
    "https://upper.local:80/": "https://upper.local:80/",
    "http://upper.local./": "http://upper.local/",
    "http://my_service:8080/a/b?c=d&e=%20": "http://my_service:8080/a/b?c=d&e=%20",
    "http://h?q": "http://h/?q",
    "http://h/ä": "http://h/%C3%A4",
    "http://127.0.0.1/": "http://127.0.0.1/",
    "http://127.0.0.1./": "http://127.0.0.1/",
    "http://[::1]/": "http://[::1]/",
    "http://[::1]:8080/": "http://[::1]:8080/",
    "http://[0:0:0:0:0:0:0:1]/": "http://[::1]/",
    "http://[::ffff:127.0.0.1]/": "http://[::ffff:7f00:1]/",
    "http://[0000:0000:0000:0000:0000:FFFF:7F00:0001]/": "http://[::ffff:7f00:1]/",
    "http://bücher.example/": "http://xn--bcher-kva.example/",
    "http://xn--bcher-kva.example/": "http://xn--bcher-kva.example/",
    "http://straße.example/": "http://xn--strae-oqa.example/",
    # What a browser maps to something else is judged as that.
    "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/": "http://127.0.0.1/",
    "http://127。0。0。1/": "http://127.0.0.1/",
    "http://ⓛocalhost/": "http://localhost/",
    "http://①⑥⑨.254.169.254/": "http://169.254.169.254/",
}

REFUSED = {
    # numbers that inet_aton reads as 127.0.0.1 or 169.254.169.254
    "http://2130706433/": "a number",
    "http://0x7f000001/": "a number",
    "http://0x7f.1/": "a number",
    "http://0x7f.0x0.0x0.0x1/": "a number",
    "http://017700000001/": "a number",
    "http://0177.0.0.1/": "a number",
    "http://127.1/": "a number",
    "http://127.0.1/": "a number",
    "http://127.0.0.01/": "a number",
    "http://2852039166/": "a number",
    "http://0xa9fea9fe/": "a number",
    "http://169.254.43518/": "a number",
    "http://1.2.3.4.5/": "a number",
    "http://256.0.0.1/": "a number",
    "http://name.0x/": "a number",
    "http://\uff12\uff11\uff13\uff10\uff17\uff10\uff16\uff14\uff13\uff13/": "a number",
    "http://0/": "a number",
    # not written as a URL of ours
    "": "must be a URL",
    "upper.local": "must be a URL",
    "//upper.local/": "must be a URL",
    "http:upper.local": "must be a URL",
    "http:/upper.local": "must be a URL",
    "ftp://upper.local/": 'not with "ftp"',
    "file:///etc/passwd": 'not with "file"',
    "gopher://127.0.0.1:6379/_x": 'not with "gopher"',
    "unix://socket/": 'not with "unix"',
    "http:///path": "names no host",
    "http://:80/": "names no host",
    "http://h/#part": "a fragment",
    # who is meant?
    "http://user@h/": "a user name or password",
    "http://user:canary@h/": "a user name or password",
    "http://good.example@169.254.169.254/": "a user name or password",
    "http://169.254.169.254\\@good.example/": "a backslash",
    "http://good.example\\.evil.example/": "a backslash",
    "http://h/a b": "white space",
    " http://h/": "white space",
    "http://h/\r\nHost: evil": "white space",
    "http://h\t/": "white space",
    "http://h\u202e/": "a control character",
    "http://h\x00/": "a control character",
    # hosts that no name has
    "http://127.0.0.1%2f/": "which is no name",
    "http://%31%32%37.0.0.1/": "a number",
    "http://a..b/": "which is no name",
    "http://.a/": "which is no name",
    "http://-a/": "which is no name",
    "http://a-/": "which is no name",
    "http://a,b/": "which is no name",
    "http://*.example.com/": "which is no name",
    f"http://{'a' * 64}/": "which is no name",
    f"http://{'a.' * 130}b/": "which is no name",
    "http://xn--\u0101/": "no international name",
    "http://./": "which is no name",
    # ports and brackets
    "http://h:/": "a port",
    "http://h:0/": "a port",
    "http://h:65536/": "a port",
    "http://h:-1/": "a port",
    "http://h:+80/": "a port",
    "http://h:8_0/": "a port",
    "http://h:\uff18\uff10/": "a port",
    "http://user:canary/": "a port",
    "http://::1/": "in brackets",
    "http://[::1/": "in brackets",
    "http://[::1]x/": "in brackets",
    "http://[127.0.0.1]/": "in brackets",
    "http://[v1.fe80]/": "in brackets",
    "http://[::g]/": "which is no name",
    "http://[1::2::3]/": "no IPv6 address",
    "http://[fe80::1%25eth0]/": "a zone",
    "http://[::1%1]/": "a zone",
    f"http://h/{'a' * 2048}": "at most 2,048",
}


@pytest.mark.parametrize("text", ACCEPTED, ids=ascii)
def test_an_address_is_brought_into_its_one_spelling(text: str) -> None:
    address = ServiceAddress.parse(text)
    assert address.url == ACCEPTED[text]
    assert ServiceAddress.parse(address.url) == address


@pytest.mark.parametrize("text", ACCEPTED, ids=ascii)
def test_the_http_library_reads_the_same_host_and_port_in_it(text: str) -> None:
    address = ServiceAddress.parse(text)
    url = httpx.URL(address.url)
    default = {"http": 80, "https": 443}[url.scheme]
    assert (url.raw_host.decode(), url.port or default) == (address.host, address.port)


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_an_address_that_could_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as refused:
        ServiceAddress.parse(text)
    assert REFUSED[text] in str(refused.value)
    assert "canary" not in str(refused.value)
    assert str(refused.value).isprintable()


def test_a_soft_hyphen_in_a_host_vanishes_before_it_is_judged() -> None:
    # "local\u00adhost" is not printable, so it never comes as far as its host.
    with pytest.raises(ValueError, match="a control character"):
        ServiceAddress.parse("http://local\u00adhost/")


def test_the_text_of_an_address_masks_secrets_of_its_query() -> None:
    address = ServiceAddress.parse("https://h/hook?token=canary&page=2")
    assert (str(address), repr(address)) == (
        "https://h/hook?token=***&page=2",
        "ServiceAddress('https://h/hook?token=***&page=2')",
    )
    assert address.url == "https://h/hook?token=canary&page=2"


def test_the_parts_of_an_address_are_at_hand() -> None:
    address = ServiceAddress.parse("https://[::1]:8443/a?b")
    parts = (address.scheme, address.host, address.port, address.target, address.is_encrypted)
    assert parts == ("https", "::1", 8443, "/a?b", True)
