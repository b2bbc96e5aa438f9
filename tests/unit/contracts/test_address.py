"""An address is read exactly, and its secrets are never shown."""

from __future__ import annotations

import pickle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ergate.contracts.address import Address, redact, redact_url
from ergate.errors import SettingsError

CANARY = "cAnArY"
# What a password may hold when it is typed as it is; "@" is cared for below.
raw_secrets = st.text(
    alphabet=st.characters(exclude_categories=["C", "Z"], exclude_characters="@,"), max_size=8
).map(lambda tail: CANARY + tail)
encoded_secrets = st.text(
    alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8
).map(lambda tail: quote(CANARY + tail, safe=""))
secrets = raw_secrets | encoded_secrets
hosts = st.sampled_from(["cache", "10.0.0.1:6379", "[::1]:5432", "db.example.org:1", ""])
users = st.sampled_from(["", "admin", "a%40b"])
secret_options = st.sampled_from(
    ["password", "passwd", "pwd", "token", "secret", "sslpassword", "api_key", "pass%77ord", "KEY"]
)


@given(users, secrets, hosts)
def test_a_password_before_a_host_never_shows(user: str, secret: str, host: str) -> None:
    assert CANARY not in redact_url(f"redis://{user}:{secret}@{host}/0?x=1")


@given(st.lists(st.tuples(users, secrets, hosts), min_size=1, max_size=4))
def test_the_passwords_of_several_hosts_never_show(parts: list[tuple[str, str, str]]) -> None:
    listed = ",".join(f"{user}:{secret}@{host}" for user, secret, host in parts)
    assert CANARY not in redact_url(f"redis://{listed}/0")


@given(secret_options, encoded_secrets, hosts)
def test_a_password_in_the_query_never_shows(name: str, secret: str, host: str) -> None:
    assert CANARY not in redact_url(f"postgres://{host}/db?user=u&{name}={secret}&x=1")


@given(users, secrets, hosts, st.sampled_from(['"{}"', "({})", "at {}: refused", "{},", "'{}'."]))
def test_a_url_within_a_text_never_shows_its_password(
    user: str, secret: str, host: str, sentence: str
) -> None:
    assert CANARY not in redact("Log: " + sentence.format(f"amqp://{user}:{secret}@{host}/x"))


@given(users, secrets, hosts, secret_options, encoded_secrets)
def test_neither_str_nor_repr_nor_an_error_shows_a_secret(
    user: str, secret: str, host: str, option: str, other: str
) -> None:
    text = f"redis://{user}:{secret}@{host}/0?{option}={other}"
    try:
        address = Address.parse(text)
        shown = f"{address} {address!r} {[address]}"
    except SettingsError as exc:
        shown = str(exc)
    assert CANARY not in shown


@given(st.text(max_size=60))
def test_any_text_is_either_an_address_or_a_settings_error(text: str) -> None:
    try:
        answer = Address.parse(text).url
    except SettingsError as exc:
        answer = str(exc)
    assert answer == text.strip() or "no backend address" in answer


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:pw@h1:1,:pw2@h2:2/0?x=1", "redis://:***@h1:1,:***@h2:2/0?x=1"),
        ("amqp://guest:pw@h/%2f", "amqp://guest:***@h/%2f"),
        ("postgres://u:pw@h1,h2:5/db?user=a", "postgres://u:***@h1,h2:5/db?user=a"),
        ("redis://token@cache", "redis://***@cache"),
        ("redis://:p@ss,word@cache", "redis://:***@cache"),
        ("redis://:pa/ss@cache", "redis://:***@cache"),
        ("redis://:pa?s=s@cache", "redis://:***@cache"),
        ("redis://cache:hunter2", "redis://***"),
        ("user:pw@cache", "***@cache"),
        ("sqlite:////home/a@b/jobs.db", "sqlite:////home/a@b/jobs.db"),
        ("kafka://a:1,b:2", "kafka://a:1,b:2"),
        ("redis://h?proxy=http%3A%2F%2Fu%3Apw%40x", "redis://h?proxy=***"),
    ],
)
def test_what_is_no_secret_stays_readable(url: str, shown: str) -> None:
    assert redact_url(url) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('No queue for "redis://h:1": no', 'No queue for "redis://h:1": no'),
        ('"redis://h?password=x": no', '"redis://h?password=***": no'),
        ("host=h password=hunter2 dbname=d", "host=h password=*** dbname=d"),
        ("{'password': 'a b'}", "{'password': '***'}"),
        ("see https://ergate.example/docs.", "see https://ergate.example/docs."),
        ("wrong password: try again", "wrong password: try again"),
    ],
)
def test_only_the_secrets_of_a_text_are_masked(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    "part",
    ["x", "://", "?", "@", ":@h,", '"', 'password="', "token = ", "a://b@", "?a=", "&password="],
)
def test_a_long_hostile_text_is_masked_in_linear_time(part: str) -> None:
    text = part * 100_000
    assert redact(f"{text} password=hunter2").count("hunter2") == 0
    assert redact_url(f"redis://:hunter2@{text}").count("hunter2") == 0


def test_a_bare_name_is_a_scheme_alone() -> None:
    address = Address.parse(" SQLite ")
    assert (address.scheme, address.path, address.options) == ("sqlite", "", {})
    assert address.is_bare


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///relative/jobs.db", "relative/jobs.db"),
        ("sqlite:////srv/jobs.db", "/srv/jobs.db"),
        ("sqlite:///my%20jobs.db", "my jobs.db"),
        ("redis://h/0", "0"),
        ("redis://h", ""),
    ],
)
def test_the_path_is_decoded_and_lacks_the_slash_after_the_host(url: str, path: str) -> None:
    assert Address.parse(url).path == path


def test_options_are_decoded_and_keep_a_plus() -> None:
    address = Address.parse("redis://h/0?password=a+b%26c&x=1&x=2&flag")
    assert address.options == {"password": "a+b&c", "x": "2", "flag": ""}


def test_an_address_is_a_value_that_can_be_compared_and_pickled() -> None:
    address = Address.parse("redis://:pw@h/0")
    assert pickle.loads(pickle.dumps(address)) == address
    assert {address, Address.parse("redis://:pw@h/0")} == {address}
    assert address.url == "redis://:pw@h/0"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "An empty text is no backend address."),
        ("localhost:6379", '"localhost:6379" is no backend address.'),
        ("redis://a b", "white space or a control character"),
        ("redis://:p/w@h", 'percent-encode them: "/" as "%2F"'),
        ("redis://h:port", "a host or a port in it cannot be read"),
        ("1x://h", "is no backend address"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Address.parse(text)
    assert why in str(caught.value)


def test_an_option_that_a_backend_does_not_know_is_refused_with_the_nearest_one() -> None:
    address = Address.parse(f"redis://:{CANARY}@cache/0?prefiks=shop")
    with pytest.raises(SettingsError) as refused:
        address.check_options(["mode", "prefix"])
    assert str(refused.value) == (
        "redis://:***@cache/0?prefiks=shop has the unknown option 'prefiks'. "
        'Did you mean "prefix"?'
    )
    address.check_options(["prefiks"])
