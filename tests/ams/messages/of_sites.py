"""Mistakes about the site, its forms, people and stored events."""

from __future__ import annotations

from airflow_provider_ams.ams import (
    AMSClient,
    DeleteEventOption,
    InsertEventOption,
    LookBack,
    MirrorEventOption,
    PlanOption,
    UserFilter,
    apply,
    delete_event_data,
    delete_multiple_events,
    get_profile_data,
    get_user,
    insert_event_data,
    login,
    mirror_event_data,
    plan_event_data,
)
from tests.ams.ams_site import ANN, CARD, LOG, log, read
from tests.ams.messages.table import mistake


@mistake(
    "AMS can't be reached: no connection could be made: DNS knows no host exmaple.invalid. "
    "[loginUser] Check the URL and the network, or run again later."
)
def host_unknown(at):
    at.connect("https://exmaple.invalid/site").login()


@mistake(
    "AMS can't be reached: no connection could be made: 127.0.0.1:{port} refuses "
    "connections. [loginUser] Check the URL and the network, or run again later."
)
def host_refused(at):
    at.connect(f"http://127.0.0.1:{at.port}/site").login()


@mistake(
    "AMS refused the login (ServerException): There is no application known as stie. "
    "[loginUser] Check the site's name at the end of the URL."
)
def wrong_site(at):
    at.connect(at.sandbox.url.rsplit("/", 1)[0] + "/stie").login()


@mistake("The AMS URL has no site. Put the site's name at its end: https://host/site.")
def no_site(at):
    at.connect(at.sandbox.url.rsplit("/", 1)[0]).login()


@mistake(
    "The AMS URL can't be used: the URL must start with https:// (http would show the "
    "password to the network, and is for this machine alone)."
)
def http_remote(at):
    at.connect("http://example.smartabase.com/site").login()


@mistake(
    "AMS did not accept the user name and password. [loginUser, HTTP 401] Check them (the "
    "user name is not the e-mail address), and that the account is exempt from MFA, SSO and "
    "terms documents."
)
def wrong_password(at):
    at.connect(pw="hunter2x").login()


@mistake("No URL for AMS. Pass url='https://host/site' or set AMS_URL.")
def no_credentials(at):
    login()


@mistake("Form 'Logg' is not an event form. Did you mean 'Log'?")
def wrong_form(at):
    at.insert(log([1]), "Logg")


@mistake(
    "Form 'Card' is not an event form. It is a profile form. Use what is for profile forms, "
    "or another form."
)
def wrong_form_profile(at):
    at.insert(log([1]), CARD)


@mistake(
    "Form 'Zzzzz' is not an event form. Check the name, which AMS wants exactly: get_forms() "
    "lists them."
)
def wrong_form_far(at):
    at.insert(log([1]), "Zzzzz")


@mistake("Form 'log' is not an event form. Did you mean 'Log'?")
def wrong_form_case(at):
    read(at.client, "log")


@mistake(
    "Form 'Log' is not a profile form. It is an event form. Use what is for event forms, or "
    "another form."
)
def wrong_profile_form(at):
    get_profile_data(LOG, client=at.client)


@mistake("form is ''; it must be the name of a form. get_forms() lists them.")
def form_empty(at):
    at.insert(log([1]), "")


@mistake("user_value number 1 names nobody by 'username'. Compare with get_user().")
def get_user_unknown(at):
    get_user(client=at.client, filter=UserFilter("username", "anne"))


@mistake(
    "The site's time zone 'Australia/Pert' (timezone=, AMS_TIMEZONE) is not known. Did you "
    "mean 'Australia/Perth'?"
)
def timezone_unknown(at):
    AMSClient(at.sandbox.url, at.sandbox.username, at.sandbox.password, timezone="Australia/Pert")


@mistake(
    "The site's time zone 'AWST' (timezone=, AMS_TIMEZONE) is not known. Give an IANA name, "
    "such as 'Australia/Perth'."
)
def timezone_abbrev(at):
    AMSClient(at.sandbox.url, at.sandbox.username, at.sandbox.password, timezone="AWST")


@mistake(
    "The client can't be made: there is no CA bundle '{folder}/ca.pem': give the path of a "
    "PEM file."
)
def ca_missing(at):
    at.connect(verify=str(at.folder / "ca.pem"))


@mistake(
    "3 of 3 stored events are to be deleted, and max_deletes is 1. Nothing was sent. Look at "
    "the plan; set max_deletes if it is right."
)
def mirror_deletes(at):
    for n in range(3):
        at.sandbox.add_event(LOG, ANN, start_date=f"0{n + 2}/01/2025", values={"amount": "1"})
    mirror_event_data(
        log([1]),
        LOG,
        client=at.client,
        window=("01/01/2025", "31/01/2025"),
        option=MirrorEventOption(key=["start_date"], max_deletes=1, interactive_mode=False),
    )


@mistake(
    "There is no plan to apply: it is a str. Nothing was sent. Make one with "
    "plan_event_data(), or read a saved one with Plan.load()."
)
def apply_not_plan(at):
    apply("plan", client=at.client)


@mistake(
    "There is no plan to apply: it is None. Nothing was sent. Make one with "
    "plan_event_data(), or read a saved one with Plan.load()."
)
def apply_none(at):
    apply(None, client=at.client)


@mistake("The plan is not the one that was approved. Nothing was sent. Have the new plan approved.")
def apply_other_digest(at):
    p = plan_event_data(
        log([1]),
        LOG,
        client=at.client,
        option=PlanOption(key=["start_date"], interactive_mode=False),
    )
    apply(p, client=at.client, digest="abc", interactive_mode=False)


@mistake(
    "1 stored events have changed since the plan was made (events 500001). Nothing was sent. "
    "Make a new plan."
)
def plan_stale(at):
    i = at.sandbox.add_event(LOG, ANN, start_date="01/01/2025", values={"amount": "1"})
    p = plan_event_data(
        log([5]),
        LOG,
        client=at.client,
        option=PlanOption(key=["start_date"], interactive_mode=False),
    )
    at.sandbox.edit_event(i, values={"amount": "2"})
    apply(p, client=at.client, interactive_mode=False)


@mistake("resume: there is no folder '{folder}/nofolder'. Make it, or name another.")
def resume_folder(at):
    insert_event_data(
        log([1]),
        LOG,
        client=at.client,
        option=InsertEventOption(interactive_mode=False),
        resume=at.folder / "nofolder" / "note.json",
    )


@mistake(
    "resume: {folder}/note.json holds no note that can be read. Name another file; this one "
    "is left as it is."
)
def resume_garbage(at):
    insert_event_data(
        log([1]),
        LOG,
        client=at.client,
        option=InsertEventOption(interactive_mode=False),
        resume=at.file("note.json", "{}x"),
    )


@mistake(
    "1 of 1 ids name no event of 'Log' among those looked at (ids 77). Nothing was deleted. "
    "Use get_event_data() to have the right ones."
)
def delete_unknown(at):
    delete_event_data(77, LOG, client=at.client, option=DeleteEventOption(interactive_mode=False))


@mistake(
    "AMS does not take the events: AMS answered HTTP 503. [eventsimport, HTTP 503] Run again later."
)
def ams_down(at):
    at.sandbox.faults(
        script=[{"endpoint": "eventsimport", "nth": n, "fault": "503"} for n in range(1, 30)]
    )
    at.insert(log([1]))


@mistake(
    "The account may not write to form 'Log'. [eventsimport, HTTP 403] Grant read and write "
    "access to the form."
)
def no_access(at):
    at.sandbox.faults(
        script=[
            {"endpoint": "eventsimport", "nth": n, "fault": "reply", "status": 403}
            for n in range(1, 9)
        ]
    )
    at.insert(log([1]))


@mistake(
    "An earlier try may have inserted rows, and its note is lost: events without a start "
    "date and time (1 of 1) can't be recognised. Nothing was sent. Give start_date and "
    "start_time, or look in AMS what is there."
)
def lost_note(at):
    insert_event_data(
        log([1]).drop(columns=["start_date", "start_time"]),
        LOG,
        client=at.client,
        resume=LookBack(1_700_000_000_000),
        option=InsertEventOption(interactive_mode=False, default_dates=True),
    )


@mistake(
    "1 of 1 event ids are no whole numbers of up to 18 digits (at 0 of the list, from 0 on). "
    "Nothing was deleted. Use get_event_data() to have the right ones."
)
def delete_no_number(at):
    delete_multiple_events(
        ["five"], LOG, client=at.client, option=DeleteEventOption(interactive_mode=False)
    )


@mistake("Event ids occur more than once (ids 7). Nothing was deleted. Give each of them once.")
def delete_twice(at):
    delete_multiple_events(
        [7, 7], LOG, client=at.client, option=DeleteEventOption(interactive_mode=False)
    )


@mistake(
    "Group 'Squad' is unknown or empty. [groupmembers] AMS wants the exact name; get_group() "
    "lists them."
)
def group_unknown(at):
    get_user(client=at.client, filter=UserFilter("group", "Squad"))
