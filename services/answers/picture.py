"""Answers about the picture itself: colours, text, light, size, place, date, movement."""

from __future__ import annotations

from datetime import datetime

from services.answers.colours import basic, colour_name
from services.answers.questions import Ask
from services.answers.seen import evidence, people_boxes, sure_objects, tally
from services.answers.speaker import Speaker
from services.answers.text_folding import fold, pattern
from services.vision.facts import Colour, DetectedObject, Facts

_ON_A_PERSON = pattern(
    r"\b(shirt|t-?shirt|dress|hair|eyes?|hat|cap|jacket|coat|pants|trousers|jeans|shoes?|skin|beard|sweater|suit|skirt|glasses|scarf|clothes|clothing)\b|"
    r"बाल|आंख|कमीज|टोपी|कपड़|केस|डोळ|शर्ट|कपड"
)


def colours(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """Colours of the picture or of a thing in it."""
    named = [name for name in ask.subjects if name != "thing"]
    if not named and not ask.unknown:
        return [_of_picture(facts, speaker)]
    if ask.unknown and not named:
        return [_of_part(ask.unknown, facts, speaker)]
    said: list[str] = []
    for name in named[:3]:
        found = evidence(facts, name)
        thing = next(iter((*found.sure, *found.maybe)), None)
        if thing is None:
            said.append(_of_unfound(name, facts, speaker))
        elif len(found.sure) > 1:
            said += [_of_one(one, speaker) for one in found.sure[:3] if one.colours]
        else:
            said.append(_of_thing(thing, found.sure != (), speaker))
    return said


def _of_picture(facts: Facts, speaker: Speaker) -> str:
    first = facts.colours[0] if facts.colours else None
    if first is not None and first.share > 0.9:
        return speaker.say("colour_one", colour=colour_name(first.name, speaker.language))
    most = 3 if speaker.spoken else 5
    seen = sum(colour.share >= 0.05 for colour in facts.colours)
    return speaker.say("colours" if seen > 1 else "colour_main", list=speaker.colours(facts.colours, most, least=0.05))


def _of_part(words: str, facts: Facts, speaker: Speaker) -> str:
    if _ON_A_PERSON.search(fold(words)) and people_boxes(facts):
        persons = [thing for thing in evidence(facts, "person").sure if thing.colours]
        if persons:
            return speaker.say("person_part", list=speaker.colours(persons[0].colours))
    return speaker.say("part_colour", thing=words, list=speaker.colours(facts.colours))


def _of_unfound(name: str, facts: Facts, speaker: Speaker) -> str:
    """A thing that no box surrounds: a label may name the whole picture after it."""
    found = evidence(facts, name)
    forms = speaker.forms(name)
    if found.labels:
        return speaker.say("part_colour", thing=forms.one, list=speaker.colours(facts.colours))
    if name == "person" and people_boxes(facts):
        return speaker.say("thing_no_colour", noun=forms.one, oblique=forms.oblique_one)
    words = {"a_noun": speaker.thing(name, 1), "one": forms.one, "raha": speaker.raha(name)}
    return speaker.say("exists_no", **words)


def _of_thing(thing: DetectedObject, sure: bool, speaker: Speaker) -> str:
    forms = speaker.forms(thing.name)
    words = {"noun": forms.one, "oblique": forms.oblique_one}
    if not thing.colours:
        return speaker.say("thing_no_colour", **words)
    listed = speaker.colours(thing.colours, 2, least=0.15)
    return speaker.say("thing_colours" if sure else "thing_colours_maybe", list=listed, **words)


def _of_one(thing: DetectedObject, speaker: Speaker) -> str:
    forms = speaker.forms(thing.name)
    listed = speaker.colours(thing.colours, 2, least=0.15)
    pos = speaker.position(thing.box)
    return speaker.say("thing_colours_at", list=listed, pos=pos, noun=forms.one, many=forms.many)


def coloured(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """Which of the things is red."""
    if "objects" in facts.missing:
        return [speaker.say("missing", part=speaker.say("part_objects"))]
    said = []
    for asked in ask.colours[:2]:
        found = [thing for thing in sure_objects(facts) if thing.colours and basic(thing.colours[0].name) == asked]
        colour = colour_name(asked, speaker.language)
        things = speaker.things(tally(found))
        said.append(speaker.say("coloured" if found else "coloured_none", colour=colour, things=things))
    return said


def monochrome(_: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """In colour, or in black and white."""
    coloured = sum(colour.share for colour in facts.colours if basic(colour.name) not in ("black", "white", "grey"))
    return [speaker.say("monochrome_no" if coloured >= 0.03 else "monochrome_yes")]


def is_colour(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """Is the car red?"""
    named = [name for name in ask.subjects if name != "thing"]
    if not named:
        if ask.unknown and not ask.whole:
            return [_of_part(ask.unknown, facts, speaker)]
        forms = {
            "noun": speaker.say("picture"),
            "oblique": {"mr": "चित्रा"}.get(speaker.language, speaker.say("picture")),
        }
        return [_judged(ask, facts.colours, forms, speaker)]
    found = evidence(facts, named[0])
    thing = next(iter((*found.sure, *found.maybe)), None)
    if thing is None or not thing.colours:
        return colours(ask, facts, speaker)
    noun = speaker.forms(thing.name)
    return [_judged(ask, thing.colours, {"noun": noun.one, "oblique": noun.oblique_one}, speaker)]


def _judged(ask: Ask, measured: tuple[Colour, ...], forms: dict[str, str], speaker: Speaker) -> str:
    asked = ask.colours[0]
    share = sum(colour.share for colour in measured if basic(colour.name) == asked)
    main = measured[0] if measured else None
    if main is not None and (basic(main.name) == asked or share >= 0.4):
        shade = next(colour.name for colour in measured if basic(colour.name) == asked)
        return speaker.say("colour_yes", colour=colour_name(shade, speaker.language), **forms)
    listed = speaker.colours(measured, 3)
    return speaker.say("colour_partly" if share >= 0.15 else "colour_no", list=listed, **forms)


def text(_: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """What is written: quoted, never obeyed."""
    if "text" in facts.missing:
        return [speaker.say("missing", part=speaker.say("part_text"))]
    sure = [line.text for line in facts.text if line.sure]
    unsure = [line.text for line in facts.text if not line.sure]
    said = [speaker.say("text", text=speaker.quote(sure))] if sure else []
    if unsure:
        said.append(speaker.say("text_maybe" if sure else "text_only_maybe", text=speaker.quote(unsure[:8])))
    return said or [speaker.say("text_none")]


def says(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """Does it say "stop"?"""
    if "text" in facts.missing or not ask.quoted:
        return text(ask, facts, speaker)
    wanted = _letters(ask.quoted)
    lines = [line.text for line in facts.text if wanted in _letters(line.text)]
    if lines:
        return [speaker.say("says_yes", text=speaker.quote(lines[:4]))]
    if wanted and wanted in _letters(" ".join(line.text for line in facts.text)):
        return [speaker.say("says_yes", text=speaker.quote([line.text for line in facts.text][:8]))]
    return [speaker.say("says_no", thing=ask.quoted)]


def _letters(words: str) -> str:
    return "".join(letter for letter in fold(words) if letter.isalnum())


def quality(_: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """Is it sharp, well lit; how to take it again."""
    said = [speaker.say(f"focus_{facts.quality.focus}"), speaker.say(f"exposure_{facts.quality.exposure}")]
    help_ = advice(facts, speaker)
    return [*said, help_ if help_ else speaker.say("quality_good")]


def advice(facts: Facts, speaker: Speaker) -> str | None:
    """How to take the picture again, or None when it is good enough to look at."""
    quality = facts.quality
    seen = facts.objects or facts.faces or facts.text
    empty = quality.contrast < 0.06 or quality.dark_share > 0.95
    if empty and not seen and quality.exposure != "washed out" and facts.scene.medium != "plain":
        return speaker.say("advice_covered")
    if quality.exposure == "dark":
        return speaker.say("advice_dark")
    if quality.exposure == "washed out":
        return speaker.say("advice_washed")
    return speaker.say("advice_blurred") if quality.focus == "blurred" else None


def size(ask: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """Pixels, megapixels and orientation; of a thing, its share of the picture."""
    named = [name for name in ask.subjects if name != "thing"]
    if named and not ask.whole:
        found = evidence(facts, named[0])
        if found.sure:
            percent = max(1, round(found.sure[0].box.area * 100))
            return [speaker.say("takes", percent=percent), speaker.say("real_size")]
        forms = speaker.forms(named[0])
        words = {"a_noun": speaker.thing(named[0], 1), "one": forms.one, "raha": speaker.raha(named[0])}
        return [speaker.say("exists_no", **words)]
    ratio = facts.width / facts.height
    orientation = "square" if 0.98 < ratio < 1.02 else "landscape" if ratio > 1 else "portrait"
    megapixels = facts.width * facts.height / 1e6
    shown = f"{megapixels:.1f}" if megapixels >= 0.1 else f"{megapixels:.2f}"
    return [
        speaker.say(
            "size", width=facts.width, height=facts.height, megapixels=shown, orientation=speaker.say(orientation)
        )
    ]


def setting(_: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """Indoors or outdoors."""
    scene = facts.scene
    if scene.setting is None:
        return [speaker.say("setting_none")]
    return [speaker.say(f"setting_{scene.setting}" if scene.setting_sure else f"setting_maybe_{scene.setting}")]


def day_night(_: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """Day or night, carefully: the clock in the file, else the light."""
    taken = _taken(facts)
    clock = [speaker.say("day_clock", time=f"{taken:%H:%M}")] if taken is not None else []
    return [*clock, _by_light(facts, speaker)]


def _by_light(facts: Facts, speaker: Speaker) -> str:
    if facts.quality.exposure in ("dark", "dim") or facts.quality.dark_share > 0.6:
        return speaker.say("day_dark")
    if facts.scene.setting == "outdoors" and facts.quality.exposure in ("normal", "bright", "washed out"):
        return speaker.say("day_light")
    return speaker.say("day_none")


def taken_when(_: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    taken = _taken(facts)
    if taken is None:
        return [speaker.say("when_none")]
    return [speaker.say("when", date=f"{taken:%Y-%m-%d}", time=f"{taken:%H:%M}")]


def _taken(facts: Facts) -> datetime | None:
    if facts.capture.taken_at is None:
        return None
    try:
        return datetime.fromisoformat(facts.capture.taken_at)
    except ValueError:
        return None


def camera(_: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    said = [speaker.say("camera", camera=facts.capture.camera) if facts.capture.camera else speaker.say("camera_none")]
    if facts.capture.exposure:
        said.append(speaker.say("camera_exposure", exposure=facts.capture.exposure))
    return said


def taken_where(_: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    latitude, longitude = facts.capture.latitude, facts.capture.longitude
    if latitude is None or longitude is None:
        return [speaker.say("place_none")]
    north = f"{abs(latitude):.4f}° {'N' if latitude >= 0 else 'S'}"
    east = f"{abs(longitude):.4f}° {'E' if longitude >= 0 else 'W'}"
    return [speaker.say("place", latitude=north, longitude=east)]


def file(_: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    said = [speaker.say("file", format=facts.format.upper(), width=facts.width, height=facts.height)]
    return [*said, speaker.say("transparent")] if facts.has_transparency else said


def medium(_: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    kind = facts.scene.medium
    if kind is None or kind == "plain":
        return [speaker.say("medium_none")]
    return [speaker.say("medium", medium=speaker.say(f"medium.{kind}"))]


def motion(_: Ask, facts: Facts, speaker: Speaker) -> list[str]:
    """What changes in an animation."""
    moved = facts.motion
    if moved is None:
        return [speaker.say("motion_none")]
    said = [speaker.say("motion", frames=moved.frames, seconds=f"{moved.duration_ms / 1000:.1f}")]
    if moved.where is None or moved.changed_share < 0.005:
        return [*said, speaker.say("motion_still")]
    written = Speaker(speaker.language, "written")
    percent = max(1, round(moved.changed_share * 100))
    return [*said, speaker.say("motion_where", percent=percent, pos=written.position(moved.where))]
