from __future__ import annotations


def test_usersynchronise_pages_by_a_hundred_with_a_text_flag(wire):
    wire.sandbox.add_users(150)
    body = {"lastSynchronisationTimeOnServer": 0, "paginate": "True", "cursor": ""}
    pages, cursor = [], ""
    while cursor is not None:
        page = wire.v1("usersynchronise", {**body, "cursor": cursor}).json()
        pages.append([user["userId"] for user in page["users"]])
        cursor = page.get("cursor")

    assert [len(page) for page in pages] == [100, 71]
    assert len({user for page in pages for user in page}) == 171
    everyone = wire.v1("usersynchronise", {"lastSynchronisationTimeOnServer": 0}).json()
    assert len(everyone["users"]) == 171


def test_usersynchronise_delta_deletions_and_merges(wire):
    first = wire.v1("usersynchronise", {"lastSynchronisationTimeOnServer": 0}).json()
    since = first["lastSynchronisationTimeOnServer"]
    (new,) = wire.sandbox.add_users([{"username": "late.comer"}])
    wire.sandbox.delete_users([1001])
    wire.sandbox.merge_users(1002, 1003)

    body = {"lastSynchronisationTimeOnServer": since, "userIds": [1001, 1002, 1003]}
    delta = wire.v1("usersynchronise", body).json()

    assert [user["userId"] for user in delta["users"]] == [new]
    assert delta["idsOfDeletedUsers"] == [1001]
    assert delta["mergedUsers"] == [{"oldId": 1002, "newId": 1003}]
    assert len(wire.sync("Training Log", [1003])["export"]["events"]) == 28


def test_usersearch_by_each_key_and_all(wire):
    def found(*elements):
        reply = wire.v1("usersearch", {"identification": list(elements) or None}).json()
        return [[user["userId"] for user in part.get("results", [])] for part in reply["results"]]

    assert len(found()[0]) == 21
    assert found({"userId": 1001}, {"username": "volunteer.309"}) == [[1001], [1002]]
    assert found({"emailAddress": "volunteer.310@example.test"}) == [[1003]]
    assert found({"firstName": "Volunteer", "lastName": "Number 308"}) == [[1001]]
    assert found({"email": "volunteer.310@example.test"}) == [[]]
    assert found({"username": "invalid.user"}) == [[]]


def test_usersearch_shows_staff_and_inactive_and_groups_only_for_one(wire):
    everyone = wire.v1("usersearch", {"identification": []}).json()["results"][0]["results"]
    one = wire.v1("usersearch", {"identification": [{"userId": 1001}]}).json()["results"][0]

    names = {user["username"] for user in everyone}
    assert {"api.account", "head.coach", "left.long.ago"} <= names
    assert all("groupsAndRoles" not in user and "active" not in user for user in everyone)
    assert one["search"] == {"userId": 1001}
    groups = one["results"][0]["groupsAndRoles"]["athleteGroups"]
    assert [group["name"] for group in groups] == ["All Athletes", "Squad A"]


def test_v1_and_v2_disagree_about_the_same_person(wire):
    (v1,) = wire.v1("usersearch", {"identification": [{"userId": 1001}]}).json()["results"]
    leaf = {"negated": False, "comp": "1", "fieldName": "id", "valueInteger": ["1001"]}
    query = {"comparisons": {"op": "0", "branches": [{"leaf": leaf}]}, "limit": "-1"}
    v2 = wire.v2("person/get", {"filter": {**query, "offset": "-1"}}).json()

    person, account = v1["results"][0], v2["objects"][0]
    assert v2["totalCount"] == 1
    assert (person["sex"], account["sex"]) == ("MALE", "0")
    assert (person["uuid"], account["uuid"]) == ("", None)
    assert person["dob"] == account["dateOfBirth"]
    assert person["organisationalId"] == account["organisationId"]
    assert account["active"] is True


def test_groups(wire):
    names = wire.v1("listgroups", {"name": ""}).json()["name"]
    one = wire.v1("groupmembers", {"name": "Squad A"}).json()["results"][0]
    same = wire.v1("groupmembers", {"name": ["Squad A"]}).json()["results"][0]
    none = wire.v1("groupmembers", {"name": "squad a"}).json()["results"][0]
    current = wire.v1("currentgroup", {"name": ""}).json()["results"][0]
    tree = wire.v3("group-athletes").json()

    assert names == ["All Athletes", "Squad A", "Squad B"]
    assert one["search"] == {"userId": 9001}
    assert len(one["results"]) == len(same["results"]) == 9
    assert "results" not in none
    assert len(current["results"]) == 18
    assert tree["athleteMap"]["1001"]["firstname"] == "Volunteer"
    assert tree["groups"][1] == {"name": "Squad A", "athletes": list(range(1001, 1010))}


def test_group_athletes_are_active_and_no_staff(wire):
    wire.sandbox.add_users([{"username": "gone.now", "active": False, "groups": ["Squad A"]}])

    tree = wire.v3("group-athletes").json()
    assert sorted(tree["athleteMap"]) == [str(number) for number in range(1001, 1019)]
    assert tree["groups"][1]["athletes"] == list(range(1001, 1010))


def test_users_out_of_sight_are_nowhere(wire):
    (hidden,) = wire.sandbox.add_users([{"username": "not.mine", "visible": False}])
    wire.sandbox.add_event("Reaction Time", hidden, start_date="01/01/2026", values={"Day": 1})

    everyone = wire.v1("usersearch", {"identification": []}).json()["results"][0]["results"]
    assert hidden not in {user["userId"] for user in everyone}
    assert wire.sync("Reaction Time", [hidden])["export"] == {}
    assert wire.search("Reaction Time") == {}
