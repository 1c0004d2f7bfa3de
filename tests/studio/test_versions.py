from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import Conflict, NotFound
from services.studio.base import EditChain, Picture, StudioReply, StudioRequest
from services.studio.local_editor import LocalEditor
from services.studio.operations import Redo, Restore, Undo
from services.studio.render import render
from services.studio.versions import Version, VersionTree, chain_of
from tests.studio.conftest import encoded, photo


def version(name: str, parent: str | None, number: int) -> Version:
    return Version(name, parent, number, f"key-{name}", f"key-{name}")


#   a ── b ── c ── d
#        └─── e ── f      (f is the newest)
TREE = VersionTree(
    [
        version("d", "c", 4),
        version("a", None, 1),
        version("b", "a", 2),
        version("c", "b", 3),
        version("e", "b", 5),
        version("f", "e", 6),
    ]
)


def ids(versions: object) -> str:
    return "".join(one.id for one in versions)


def test_undo_and_redo() -> None:
    assert TREE.go("d", Undo()).id == "c"
    assert TREE.go("d", Undo(3)).id == "a"
    assert TREE.go("a", Redo()).id == "b"
    assert TREE.go("b", Redo()).id == "e"
    assert TREE.go("a", Redo(3)).id == "f"
    assert TREE.go("c", Redo()).id == "d"
    assert TREE.go("f", Restore()).id == "a"


@pytest.mark.parametrize(("start", "where"), [("a", Undo()), ("c", Undo(3)), ("f", Redo()), ("c", Redo(2))])
def test_no_further_than_there_is(start: str, where: Undo | Redo) -> None:
    with pytest.raises(Conflict):
        TREE.go(start, where)


def test_paths_and_children() -> None:
    assert ids(TREE) == "abcdef"
    assert ids(TREE.path("f")) == "abef"
    assert ids(TREE.children("b")) == "ce"
    assert TREE.newest().id == "f"
    with pytest.raises(NotFound):
        TREE.path("z")


def test_deleting_joins_the_ends() -> None:
    left = TREE.without("b")
    assert ids(left.path("f")) == "aef"
    assert ids(left.children("a")) == "ce"
    assert ids(TREE.without("a").path("b")) == "b"
    assert ids(TREE) == "abcdef"


@given(st.lists(st.integers(0, 30), max_size=30), st.data())
def test_any_tree_redoes_what_it_undid(parents: list[int], data: st.DataObject) -> None:
    made = [version("0", None, 0)]
    for number, parent in enumerate(parents, start=1):
        made.append(version(str(number), str(parent % number), number))
    tree = VersionTree(made)
    newest = tree.newest()
    depth = len(tree.path(newest.id)) - 1
    if depth:
        steps = data.draw(st.integers(1, depth))
        assert tree.go(tree.go(newest.id, Undo(steps)).id, Redo(steps)) == newest
    some = data.draw(st.sampled_from(made))
    if len(made) > 1:
        assert len(list(tree.without(some.id))) == len(made) - 1


def test_the_chain_of_each_version_replays_to_its_picture() -> None:
    store: dict[str, Picture] = {"sent": Picture(encoded(photo(), "JPEG", quality=90), "image/jpeg")}
    mask = encoded(photo().convert("L").point(lambda value: 255 if value > 128 else 0))
    made = [Version("sent", None, 0, "sent", "sent")]
    steps = [("make it sepia", None), ("crop it to a square", None), ("invert it", mask), ("flip it", None),
             ("a gradient from red to yellow", None), ("add a white border", None)]  # fmt: skip
    for number, (prompt, limit) in enumerate(steps, start=1):
        parent = made[-1]
        original = store[parent.original_key].data if parent.original_key else None
        chain = EditChain(original, parent.operations)
        reply = LocalEditor().create_or_edit(StudioRequest(prompt, store[parent.picture_key], mask=limit, chain=chain))
        if reply.picture is None:
            assert prompt == "crop it to a square"  # it is one already
            continue
        key = f"v{number}"
        store[key] = reply.picture
        original_key, operations = chain_of(reply, parent, key)
        made.append(Version(key, parent.id, number, key, original_key, operations))
    assert [one.original_key for one in made] == ["sent", "sent", "v1", "v1", None, None]
    for one in made[1:]:
        original = store[one.original_key].data if one.original_key else None
        assert render(original, one.operations).data == store[one.picture_key].data
    assert VersionTree(made).stored_keys() == set(store)


def test_a_models_picture_is_its_own_original() -> None:
    reply = StudioReply("", Picture(b"x", "image/png"), "picture", "gemini", "m", "STOP")
    assert chain_of(reply, version("a", None, 1), "new") == ("new", ())
