"""Versions of a picture as a tree, without a database: undo, redo, branch, delete.

A version keeps its own picture, its parent, and the chain that made it: the stored picture that the chain starts from,
and the operations done to that. Rows become `Version`s; whoever holds the rows writes back what is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from services.errors import Conflict, NotFound
from services.studio.base import StudioReply
from services.studio.operations import Edit, Navigation, Redo, Restore, Undo


@dataclass(frozen=True, slots=True)
class Version:
    """One picture of a conversation.

    Args:
        id: its own; unique in the tree.
        parent_id: the version it was made from; None for the first ones.
        number: grows in the order versions were made; unique in the tree.
        picture_key: where its picture is stored.
        original_key: where the picture is stored that `operations` were done to; None when they begin with a canvas.
            A picture that was sent or came from a model is its own original, with no operations.
    """

    id: str
    parent_id: str | None
    number: int
    picture_key: str
    original_key: str | None
    operations: tuple[Edit, ...] = ()


def chain_of(reply: StudioReply, parent: Version | None, picture_key: str) -> tuple[str | None, tuple[Edit, ...]]:
    """`original_key` and `operations` of the version that a reply makes.

    Args:
        reply: one with a picture.
        parent: the version it was made on, if there was one.
        picture_key: where the reply's picture is stored.
    """
    if not reply.operations or (parent is None and reply.chain_base != "nothing"):
        return picture_key, ()
    if reply.chain_base == "nothing" or parent is None:
        return None, reply.operations
    return (parent.picture_key if reply.chain_base == "picture" else parent.original_key), reply.operations


class VersionTree:
    """The versions of one conversation; a snapshot, never changed.

    Args:
        versions: in any order; a parent that is missing counts as none.
    """

    def __init__(self, versions: Iterable[Version]) -> None:
        self._by_id = {version.id: version for version in sorted(versions, key=lambda one: one.number)}

    def __iter__(self) -> Iterator[Version]:
        """In the order they were made."""
        return iter(self._by_id.values())

    def get(self, version_id: str) -> Version:
        """Raises NotFound."""
        try:
            return self._by_id[version_id]
        except KeyError:
            raise NotFound("There is no version with this id.", code="version_not_found", field="version_id") from None

    def newest(self) -> Version | None:
        return next(reversed(self._by_id.values()), None)

    def parent(self, version_id: str) -> Version | None:
        parent_id = self.get(version_id).parent_id
        return self._by_id.get(parent_id) if parent_id is not None else None

    def children(self, version_id: str) -> tuple[Version, ...]:
        """Oldest first."""
        self.get(version_id)
        return tuple(version for version in self if version.parent_id == version_id)

    def path(self, version_id: str) -> tuple[Version, ...]:
        """From the first version to this one, both included."""
        steps: dict[str, Version] = {}
        version: Version | None = self.get(version_id)
        while version is not None and version.id not in steps:
            steps[version.id] = version
            version = self.parent(version.id)
        return tuple(reversed(steps.values()))

    def go(self, current_id: str, navigation: Navigation) -> Version:
        """Where undo, redo or restore lead from a version.

        Redo follows the branch that holds the newest version, which is the one that was left last unless the person
        went to another by hand. Raises Conflict where there are not so many steps.
        """
        match navigation:
            case Undo():
                path = self.path(current_id)
                if len(path) <= navigation.steps:
                    raise Conflict(_too_far(len(path) - 1, "earlier", "go back to"), code="nothing_to_undo")
                return path[-1 - navigation.steps]
            case Redo():
                version = self.get(current_id)
                for step in range(navigation.steps):
                    later = self._towards_newest(version)
                    if later is None:
                        raise Conflict(_too_far(step, "later", "go to"), code="nothing_to_redo")
                    version = later
                return version
            case Restore():
                return self.path(current_id)[0]

    def _towards_newest(self, version: Version) -> Version | None:
        for newest in reversed(self._by_id.values()):
            ids = [one.id for one in self.path(newest.id)]
            if version.id in ids[:-1]:
                return self.get(ids[ids.index(version.id) + 1])
        return None

    def without(self, version_id: str) -> VersionTree:
        """The tree after a deletion: the children of what goes hang on its parent."""
        gone = self.get(version_id)
        kept = [one for one in self if one.id != version_id]
        return VersionTree(
            replace(one, parent_id=gone.parent_id) if one.parent_id == version_id else one for one in kept
        )

    def stored_keys(self) -> frozenset[str]:
        """Every stored picture that a version shows or is replayed from: none of these may be deleted."""
        keys = {version.picture_key for version in self}
        return frozenset(keys | {version.original_key for version in self if version.original_key is not None})


def _too_far(there: int, which: str, going: str) -> str:
    if there == 0:
        return f"There is no {which} version to {going}."
    return f"There {'is' if there == 1 else 'are'} only {there} {which} version{'' if there == 1 else 's'} to {going}."
