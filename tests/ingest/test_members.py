"""members: what is held as a table is what was put in."""

import pytest

from darkroom.ingest.members import Fault, Member, Members
from darkroom.table import rows

FAULT = Fault("E_ARCHIVE_METHOD", "cats/3.jpg", "is packed with method 9", "pack it again")


def member(name, faults=()):
    return Member(name, "file", 5, 3, 7, opener, place=9, faults=faults)


def opener(member):
    raise AssertionError("nothing is opened here")


@pytest.mark.parametrize("chunk", [2, rows.CHUNK])
@pytest.mark.parametrize("again", [[], ["cats/1.jpg"]], ids=["all different", "one twice"])
def test_no_choice_of_members_loses_a_fault(monkeypatch, chunk, again):
    monkeypatch.setattr(rows, "CHUNK", chunk)
    names = ["a/.DS_Store", "cats/1.jpg", "cats/2.jpg", "cats/3.jpg", "cats/4.jpg", *again]
    listed = [member(name, (FAULT,) if name == "cats/3.jpg" else ()) for name in names]
    members = Members(listed, opener)
    assert list(members) == listed == [members[number] for number in range(len(members))]
    assert {one.raw: one.faults for one in members.wanted()} == {one.raw: one.faults for one in listed[1:5]}
