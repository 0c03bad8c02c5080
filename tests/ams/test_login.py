"""Credentials, login, sessions, and which client is used for what."""

from __future__ import annotations

import sys
import threading
import types

import pytest

from airflow_provider_ams.ams import (
    AMSClient,
    AMSConfigurationError,
    AMSError,
    AMSLoginError,
    AMSPermissionError,
    AMSReplyError,
    AMSTransientError,
    LoginOption,
    UserOption,
    get_client,
    get_user,
    login,
)
from airflow_provider_ams.ams.credentials import find_credentials
from airflow_provider_ams.ams.wire.endpoints import LISTGROUPS
from tests.ams.ams_site import ANN, LOG, Ticker, insert, log, read
from tests.ams.tiny import LOGIN, TOKEN, Tiny

URL = "https://host.test/site"


def client_of(url, **settings):
    return AMSClient(url, "api", "secret-word", clock=Ticker().clock(), **settings)


# ---------------------------------------------------------------- credentials


def test_arguments_come_before_the_environment(monkeypatch):
    for name, value in (("URL", URL), ("USERNAME", "env"), ("PASSWORD", "env-secret")):
        monkeypatch.setenv(f"AMS_{name}", value)
    found = find_credentials()
    assert (found.url, found.username, found.password) == (URL, "env", "env-secret")
    given = find_credentials("https://other.test/x/", "me", "mine")
    assert (given.url, given.username, given.password) == ("https://other.test/x", "me", "mine")
    assert given.site == "x"


def test_a_password_of_the_environment_is_not_for_another_user(monkeypatch):
    monkeypatch.setenv("AMS_USERNAME", "env")
    monkeypatch.setenv("AMS_PASSWORD", "env-secret")
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(AMSConfigurationError, match=r"[Nn]o password"):
        find_credentials(URL, "somebody.else")


class Vault(types.ModuleType):
    """Stand in for the keyring package."""

    def __init__(self, entries, failing=False):
        super().__init__("keyring")
        self.errors = types.SimpleNamespace(KeyringError=type("KeyringError", (Exception,), {}))
        self._entries = entries
        self._failing = failing

    def get_credential(self, service, username):
        if self._failing:
            raise self.errors.KeyringError
        for name, secret in self._entries.get(service, {}).items():
            if username in (None, name):
                return types.SimpleNamespace(username=name, password=secret)
        return None


@pytest.mark.parametrize("username", [None, "kept"])
def test_keyring_is_asked_last(monkeypatch, username):
    monkeypatch.setitem(sys.modules, "keyring", Vault({URL: {"kept": "in-vault"}}))
    found = find_credentials(URL, username)
    assert (found.username, found.password) == ("kept", "in-vault")
    assert find_credentials(URL, "me", "mine").password == "mine"


@pytest.mark.parametrize("vault", [None, Vault({}), Vault({}, failing=True)])
def test_missing_credentials_name_the_ways_to_give_them(monkeypatch, vault):
    monkeypatch.setitem(sys.modules, "keyring", vault)
    with pytest.raises(AMSConfigurationError) as caught:
        find_credentials(URL)
    for word in ("user name", "password", "AMS_USERNAME", "AMS_PASSWORD", "keyring"):
        assert word in str(caught.value)


URLS = [
    ("", "AMS_URL"),
    ("http://host.test/site", "https"),
    ("ftp://host.test/site", "https"),
    ("http://127.0.0.1.host.test/site", "https"),
    ("http://10.0.0.1/site", "https"),
    ("https:///site", "host"),
    ("https://host.test", "site"),
    ("https://host.test/", "site"),
    ("https://me:secret@host.test/site", "alone"),
    ("https://host.test/site?x=1", "alone"),
]


@pytest.mark.parametrize(("url", "word"), URLS)
def test_a_url_that_can_t_be_used_is_told(url, word):
    with pytest.raises(AMSConfigurationError, match=word) as caught:
        find_credentials(url, "me", "mine")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("host.test/site", URL),
        (f"{URL}/", URL),
        ("http://127.0.0.1:8085/site", "http://127.0.0.1:8085/site"),
        ("http://localhost/site", "http://localhost/site"),
        ("http://[::1]:80/site", "http://[::1]:80/site"),
    ],
)
def test_https_everywhere_but_on_this_machine(url, used):
    assert find_credentials(url, "me", "mine").url == used


def test_a_time_zone_that_does_not_exist_is_told():
    with pytest.raises(AMSConfigurationError, match="Perht"):
        AMSClient(URL, "me", "mine", timezone="Australia/Perht")


# ---------------------------------------------------------------- which client


def test_a_client_is_shared_only_for_the_same_site_and_user():
    first = get_client(URL, "a", "x")
    assert get_client(URL, "a", "x") is first
    assert get_client(URL + "/", "a", "x") is first
    for other in ((URL, "b", "x"), ("https://host.test/other", "a", "x"), (URL, "a", "new")):
        assert get_client(*other) is not first
    assert get_client(URL, "a", "x", timezone="UTC") is not first
    assert get_client(URL, "a", "x", cache=False) is not first
    assert get_client(URL, "a", "x", cache=False) is not get_client(URL, "a", "x", cache=False)


def test_two_sites_are_never_mixed_up(sandbox):
    with Tiny(usersynchronise={"users": [], "lastSynchronisationTimeOnServer": 1}) as tiny:
        here = get_user(sandbox.url, sandbox.username, sandbox.password)
        there = get_user(tiny.url, sandbox.username, sandbox.password)
    assert len(here) == 4
    assert len(there) == 0


def test_cache_false_logs_in_again_and_reads_the_roster_anew(sandbox):
    account = (sandbox.url, sandbox.username, sandbox.password)
    for _ in range(2):
        get_user(*account)
    assert sandbox.requests()["loginUser"] == 1
    get_user(*account, option=UserOption(cache=False))
    assert sandbox.requests()["loginUser"] == 2


# ---------------------------------------------------------------- login


def test_login_returns_the_account_without_secrets(sandbox, capsys):
    account = login(sandbox.url, sandbox.username, sandbox.password)
    assert account["username"] == sandbox.username
    assert account["id"] > 0
    assert set(account) == {"id", "username", "application_id", "permissions"}
    assert "✔" in capsys.readouterr().out


def test_one_login_for_many_calls(client, sandbox):
    insert(client, log(range(60)))
    read(client)
    assert sandbox.requests()["loginUser"] == 1


def test_every_request_names_the_integration_and_the_session():
    with Tiny(listgroups={"name": []}) as tiny:
        client = client_of(tiny.url, app_id="club.sync.v1")
        client.read(LISTGROUPS, {"name": ""})
    (headers,) = tiny.headers("listgroups")
    assert headers["X-APP-ID"] == "club.sync.v1"
    assert headers["session-header"] == TOKEN
    assert headers["Cookie"] == f"JSESSIONID={TOKEN}"
    assert "Authorization" not in headers


def test_the_token_may_come_as_a_cookie_alone():
    cookie = {"Set-Cookie": f"JSESSIONID={TOKEN}; Path=/; HttpOnly"}
    answers = (200, cookie, b'{"user": {"id": 1}}')
    with Tiny(loginUser=answers, listgroups={"name": []}) as tiny:
        client_of(tiny.url).read(LISTGROUPS)
    assert tiny.headers("listgroups")[0]["session-header"] == TOKEN


def test_the_documented_two_steps():
    first = (200, {}, b'{"user": {"id": 1}}')  # no token in the reply of the login itself
    step = (200, {"session-header": TOKEN}, b"{}")
    with Tiny(loginUser=first, getApplicationDescription=step, listgroups={"name": []}) as tiny:
        client_of(tiny.url, timezone="Australia/Perth").read(LISTGROUPS)
    (described,) = tiny.calls("getApplicationDescription")
    assert described == {"appName": "site", "currentDateOnClient": "15-06-2025 23:06"}
    assert tiny.headers("loginUser")[-1]["session-header"] == TOKEN
    assert tiny.headers("listgroups")[0]["Cookie"] == f"JSESSIONID={TOKEN}"


RPC = {"__is_rpc_exception__": True, "type": "X", "value": {"detailMessage": "secret-word"}}
UNKNOWN_SITE = {
    "__is_rpc_exception__": True,
    "type": "X",
    "value": {"detailMessage": "There is no application known as site"},
}
LOGINS = [
    ((401, {}, b"<html>no</html>"), AMSLoginError, "user name"),
    ((403, {}, b"<html>no</html>"), AMSLoginError, "MFA"),
    (RPC, AMSLoginError, "user name and password"),
    (UNKNOWN_SITE, AMSLoginError, "site's name"),
    ({"user": None}, AMSLoginError, "confirm"),
    ((500, {}, b"<html>broken</html>"), AMSTransientError, "later"),
    ((503, {}, b""), AMSTransientError, "later"),
    ((429, {}, b""), AMSTransientError, "later"),
    ((404, {}, b"<html>"), AMSConfigurationError, "https://host/site"),
    (
        (302, {"Location": "https://elsewhere.test/"}, b""),
        AMSConfigurationError,
        "https://host/site",
    ),
    ((200, {}, b"<html>a page</html>"), AMSReplyError, "JSON"),
]


@pytest.mark.parametrize(("answer", "kind", "word"), LOGINS)
def test_a_failed_login_says_what_to_do(answer, kind, word):
    with Tiny(loginUser=answer) as tiny, pytest.raises(AMSError, match=word) as caught:
        client_of(tiny.url).login()
    assert type(caught.value) is kind
    assert "secret-word" not in str(caught.value)
    assert "secret-word" not in repr(caught.value)


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("Invalid credentials.", "(X): Invalid credentials. ["),
        ("The account\r\nis \x1b[31mlocked", "(X). ["),
        ("The account\r\nis locked", "(X): The account is locked. ["),
        ("User API is locked", "(X). ["),
        ("No such password: Secret-Word", "(X). ["),
        ("me@host.test is locked", "(X). ["),
        ("Account 9001 is locked", "(X). ["),
        ("", "(X). ["),
    ],
)
def test_a_refused_login_tells_the_reason_where_it_is_safe(reason, shown):
    answer = {"__is_rpc_exception__": True, "type": "X", "value": {"detailMessage": reason}}
    with Tiny(loginUser=answer) as tiny, pytest.raises(AMSLoginError) as caught:
        client_of(tiny.url).login()
    assert shown in str(caught.value)
    assert str(caught.value).startswith("AMS did not accept the user name and password")
    assert "MFA" in caught.value.hint


def test_a_wrong_password_is_not_tried_again(sandbox):
    client = AMSClient(sandbox.url, sandbox.username, "wrong", clock=Ticker().clock())
    with pytest.raises(AMSLoginError):
        read(client)
    assert sandbox.requests()["loginUser"] == 1


def test_a_failed_login_is_shown(sandbox, capsys):
    with pytest.raises(AMSLoginError):
        login(sandbox.url, sandbox.username, "wrong")
    assert capsys.readouterr().out.startswith("✖ Failed to log in")
    with pytest.raises(AMSLoginError):
        login(sandbox.url, sandbox.username, "wrong", option=LoginOption(interactive_mode=False))
    assert capsys.readouterr().out == ""


# ---------------------------------------------------------------- dead sessions


@pytest.mark.parametrize("max_in_flight", [1, 4])
def test_a_dead_session_is_logged_in_again_once(client, sandbox, max_in_flight):
    insert(client, log([1]))
    sandbox.expire_sessions()
    assert insert(client, log(range(100)), max_in_flight=max_in_flight).counts["inserted"] == 100
    assert sandbox.requests()["loginUser"] == 2
    assert len(sandbox.events()) == 101


def test_a_session_that_dies_all_the_time_still_gets_through(client, sandbox):
    sandbox.configure(session_calls=2)
    assert insert(client, log(range(60))).counts["inserted"] == 60
    assert len(sandbox.events()) == 60


def test_a_session_lost_in_words_is_logged_in_again():
    lost = {"__is_rpc_exception__": True, "type": "E", "value": {"detailMessage": "Not logged in"}}
    with Tiny(listgroups=[lost, {"name": ["a"]}]) as tiny:
        assert client_of(tiny.url).read(LISTGROUPS).names == ["a"]
    assert len(tiny.calls("loginUser")) == 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AMSLoginError), (403, AMSPermissionError), (400, AMSConfigurationError)],
)
def test_a_refusal_that_stays_is_named(status, kind):
    refusal = (status, {}, b"<html>Access denied for Ann</html>")
    with Tiny(listgroups=refusal) as tiny, pytest.raises(kind) as caught:
        client_of(tiny.url).read(LISTGROUPS)
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert caught.value.endpoint == "listgroups"
    assert "Ann" not in str(caught.value)
    assert len(tiny.calls("loginUser")) == (1 if status == 400 else 2)


def test_threads_share_one_login():
    gate = threading.Barrier(6)
    with Tiny(listgroups={"name": []}) as tiny:
        client = client_of(tiny.url)

        def work():
            gate.wait(5)
            client.read(LISTGROUPS)

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert len(tiny.calls("loginUser")) == 1
    assert len(tiny.calls("listgroups")) == 6


# ---------------------------------------------------------------- other hosts


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status):
    with Tiny() as other, Tiny() as tiny:
        tiny.answers["listgroups"] = (status, {"Location": f"{other.root}/site/x"}, b"")
        with pytest.raises(AMSConfigurationError):
            client_of(tiny.url).read(LISTGROUPS)
    assert other.seen == []


def test_a_netrc_file_is_not_read(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other-secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with Tiny(listgroups={"name": []}) as tiny:
        client_of(tiny.url).read(LISTGROUPS)
    assert all("Authorization" not in headers for _, headers, _ in tiny.seen)


def test_a_proxy_does_not_see_this_machine(monkeypatch):
    with Tiny() as proxy, Tiny(listgroups={"name": []}) as tiny:
        monkeypatch.setenv("HTTP_PROXY", proxy.root)
        monkeypatch.setenv("http_proxy", proxy.root)
        client_of(tiny.url).read(LISTGROUPS)
    assert proxy.seen == []


def test_cookies_of_the_server_do_not_keep_a_dead_session():
    cookie = {"Set-Cookie": "JSESSIONID=stale; Path=/"}
    with Tiny(listgroups=(200, cookie, b'{"name": []}')) as tiny:
        client = client_of(tiny.url)
        for _ in range(2):
            client.read(LISTGROUPS)
    assert [h["Cookie"] for h in tiny.headers("listgroups")] == [f"JSESSIONID={TOKEN}"] * 2


def test_nothing_is_sent_before_it_is_needed(sandbox):
    get_client(sandbox.url, sandbox.username, sandbox.password)
    assert sandbox.requests() == {}


def test_no_one_listens(ticker):
    with Tiny() as tiny:
        url = tiny.url
    client = AMSClient(url, "api", "secret-word", clock=ticker.clock())
    with pytest.raises(AMSTransientError, match="no connection"):
        client.login()
    assert len(ticker.slept) == 4


def test_login_data_is_not_kept(sandbox):
    assert LOGIN["user"]["id"] == 9001
    assert ANN != 9001
    client = AMSClient(sandbox.url, sandbox.username, sandbox.password)
    client.login()
    assert sandbox.password not in repr(client) + str(client.account)
    assert LOG not in repr(client)
