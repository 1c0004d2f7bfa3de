"""What local speech costs and how well it hears: `python -m benchmarks.speech [--whisper DIR]`.

The recordings are made by a speech synthesiser (eSpeak NG), which is harder to understand than people are: its figures
are for comparing one version with the next, not for promising anything. DIR holds the Whisper weights
(`python -m services.speech.weights DIR`); without it their rows are left out.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soxr

from services.content import Language
from services.errors import SpeechNotUnderstood
from services.speech import mp3
from services.speech.base import LANGUAGES, SAMPLE_RATE, Audio, Samples
from services.speech.espeak import say
from services.speech.language import identify
from services.speech.local_ear import LocalEar
from services.speech.local_voice import LocalVoice
from services.speech.sentences import sentences

ENGLISH = """\
What is in this picture?
How many people are there?
Where is the door?
Is there a chair in front of me?
What does the sign say?
What colour is the car?
Is it safe to walk ahead?
What is on the left?
What is on the right side?
Is there anyone in the room?
Describe the scene in front of me.
Is the picture clear enough?
How far away is the table?
Is there a dog in the picture?
Are there any stairs?
Tell me more about it.
What is written on the board?
Is this indoors or outdoors?
When was this photo taken?
Which object is nearest to me?
Is the road clear?
Can you see any animals?
Is there a bus coming?
What is the largest thing in the image?
Is it day or night?
How many bottles are on the table?
What is the person holding?
Is the light on or off?
Where is the window?
What is behind the chair?
Is there a train at the platform?
How many cars are parked here?
What is the main colour?
Please say that again.
Is there some text on the label?
Is anybody sitting on the bench?
What kind of food is this?
Where did I leave my phone?
Is there a person next to me?
Does this picture look blurred?
What can you tell me about this?
Is there a free seat anywhere?
""".splitlines()

HINDI = """\
इस तस्वीर में क्या है
मेरे सामने क्या रखा है
यह कौन सा रंग है
यहाँ कितने लोग हैं
क्या सामने कोई कुर्सी है
इस पर क्या लिखा है
मेरे बाईं ओर क्या है
दरवाज़ा कहाँ है
क्या रास्ता साफ़ है
मेज़ कितनी दूर है
क्या यहाँ कोई जानवर है
यह तस्वीर कब ली गई
""".splitlines()
MARATHI = """\
या चित्रात काय आहे
माझ्या समोर काय आहे
हा कोणता रंग आहे
इथे किती लोक आहेत
समोर खुर्ची आहे का
यावर काय लिहिले आहे
माझ्या डावीकडे काय आहे
दरवाजा कुठे आहे
रस्ता मोकळा आहे का
टेबल किती दूर आहे
इथे प्राणी आहे का
हा फोटो कधी काढला
""".splitlines()
SENTENCES: dict[Language, list[str]] = {"en": ENGLISH, "hi": HINDI, "mr": MARATHI}

ANSWER: dict[Language, str] = {
    "en": "There is a wooden chair directly in front of you, about two metres away. Two people are on the left. "
    "The way ahead looks clear, but I am not certain.",
    "hi": "आपके ठीक सामने लगभग दो मीटर दूर लकड़ी की एक कुर्सी है। बाईं ओर दो लोग हैं। "
    "आगे का रास्ता साफ़ लगता है, लेकिन यह पक्का नहीं है।",
    "mr": "तुमच्या अगदी समोर सुमारे दोन मीटरवर एक लाकडी खुर्ची आहे. डावीकडे दोन माणसे आहेत. "
    "पुढचा रस्ता मोकळा वाटतो, पण खात्री नाही.",
}
# British spelling, and numerals, are no mistakes of hearing.
SAME = {"colour": "color", "metres": "meters", "two": "2"}


def recording(text: str, voice: str, words_per_minute: int, noise_db: float | None, seed: int) -> Audio:
    """A synthetic voice with half a second around it, in white noise this many dB below it."""
    samples, rate = say(text, voice, words_per_minute)
    speech = np.pad(soxr.resample(samples, rate, SAMPLE_RATE), SAMPLE_RATE // 2)
    if noise_db is not None:
        level = float(np.sqrt(np.mean(np.square(samples)))) * 10 ** (-noise_db / 20)
        speech = speech + np.random.default_rng(seed).normal(0, level, len(speech))
    return Audio(speech.astype(np.float32))


def words(text: str) -> list[str]:
    plain = "".join(char if char.isalnum() or "\u0900" <= char <= "\u0963" else " " for char in text.lower())
    return [SAME.get(word, word) for word in plain.split()]


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Words to change, add or leave out (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for at, word in enumerate(said, 1):
        above, row[0] = row[0], at
        for other, guess in enumerate(heard, 1):
            above, row[other] = row[other], min(row[other] + 1, row[other - 1] + 1, above + (word != guess))
    return row[-1]


def memory_mb(field: str = "VmRSS") -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    return int(next(line for line in status.read_text().splitlines() if line.startswith(field)).split()[1]) / 1024


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    print(f"\n{title}\n")
    for row in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row) + " |")


def hearing(
    ear: LocalEar, language: Language, texts: Sequence[str], conditions: Sequence[tuple[str, int, float | None]]
) -> None:
    rows: list[list[object]] = []
    sums = [0, 0]
    for voice, speed, noise in conditions:
        wrong = total = silent = 0
        took: list[float] = []
        for seed, text in enumerate(texts):
            audio = recording(text, voice, speed, noise, seed)
            started = time.perf_counter()
            try:
                heard = words(ear.transcribe(audio, [language]).text)
            except SpeechNotUnderstood:
                heard, silent = [], silent + 1
            took.append(time.perf_counter() - started)
            wrong, total = wrong + errors(words(text), heard), total + len(words(text))
        sums[0], sums[1] = sums[0] + wrong, sums[1] + total
        noise_name = "none" if noise is None else f"{noise:.0f} dB"
        rows.append([voice, speed, noise_name, wrong / total, silent, statistics.median(took), max(took)])
    rows.append(["all", "", "", sums[0] / sums[1], "", "", ""])
    head = ["voice", "words/min", "noise", "word error rate", "not understood", "p50 s", "max s"]
    table(f"Hearing {language}, {len(texts)} sentences each; memory {memory_mb():.0f} MB", head, rows)


def told_by_text() -> None:
    rows = [
        [each, len(SENTENCES[each]), sum(identify(text) == each for text in SENTENCES[each]) / len(SENTENCES[each])]
        for each in LANGUAGES
    ]
    table("Language told from the text", ["language", "sentences", "right"], rows)


def told_by_sound(ear: LocalEar) -> None:
    rows = []
    for language in LANGUAGES:
        voice = "en-us" if language == "en" else language
        right = 0
        texts = SENTENCES[language][:12]
        for seed, text in enumerate(texts):
            with contextlib.suppress(SpeechNotUnderstood):
                right += ear.transcribe(recording(text, voice, 120, None, seed), LANGUAGES).language == language
        rows.append([language, len(texts), right / len(texts)])
    table("Language told from the sound (Whisper)", ["language", "sentences", "right"], rows)


def median_ms(call: Callable[[], object], times: int = 15) -> float:
    took = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1000


def costs(language: Language) -> list[object]:
    """One row: how long each step of speaking the answer takes."""
    voice, text, name = LocalVoice(), ANSWER[language], "en-us" if language == "en" else language
    samples, rate = say(text, name, 160)
    resampled: Samples = soxr.resample(samples, rate, mp3.SAMPLE_RATE)
    first = next(sentences([text + " And"]))
    seconds = len(samples) / rate
    whole = median_ms(lambda: voice.speak(text, language))
    return [
        language,
        seconds,
        median_ms(lambda: say(text, name, 160)),
        median_ms(lambda: soxr.resample(samples, rate, mp3.SAMPLE_RATE)),
        median_ms(lambda: mp3.encode(resampled, mp3.SAMPLE_RATE)),
        whole,
        median_ms(lambda: voice.speak(first, language)),
        seconds * 1000 / whole,
        len(voice.speak(text, language)) // 1024,
    ]


def speaking() -> None:
    rows = [costs(language) for language in LANGUAGES]
    steps = ["eSpeak ms", "resample ms", "MP3 ms", "all ms", "first sentence ms"]
    table(f"Speaking; memory {memory_mb():.0f} MB", ["language", "speech s", *steps, "× real time", "KB"], rows)


def synthesise(_: int) -> int:
    return len(say(ANSWER["en"], "en-us", 160)[0])


def speak_whole(_: int) -> int:
    return len(LocalVoice().speak(ANSWER["en"], "en"))


def crowd() -> None:
    """One engine behind a lock beside worker processes with an engine each."""
    rows = []
    for label, job in (("eSpeak alone", synthesise), ("whole MP3", speak_whole)):
        rates = []
        pools: list[Executor] = [ThreadPoolExecutor(1), ThreadPoolExecutor(4), ProcessPoolExecutor(2)]
        for pool in pools:
            with pool:
                list(pool.map(job, range(8)))
                started = time.perf_counter()
                list(pool.map(job, range(80)))
                rates.append(80 / (time.perf_counter() - started))
        rows.append([label, *rates, rates[1] / rates[0], rates[2] / rates[0]])
    table(
        "Answers a second",
        ["", "1 thread", "4 threads, one lock", "2 processes", "threads ratio", "processes ratio"],
        rows,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--whisper", type=Path, help="folder of the Whisper weights")
    whisper = parser.parse_args().whisper
    print(f"memory at the start {memory_mb():.0f} MB")
    speaking()
    crowd()
    told_by_text()
    ear = LocalEar(whisper)
    conditions: list[tuple[str, int, float | None]] = [
        *(("en-us", speed, None) for speed in (110, 140, 170)),
        *((voice, 140, None) for voice in ("en", "en-us+f3")),
        *(("en-us", 140, noise) for noise in (20.0, 10.0)),
    ]
    hearing(ear, "en", ENGLISH, conditions)
    if whisper is not None:
        hearing(ear, "hi", HINDI, [("hi", 110, None)])
        hearing(ear, "mr", MARATHI, [("mr", 110, None)])
        told_by_sound(ear)
    print(f"\nmemory at most {memory_mb('VmHWM'):.0f} MB")
    ear.close()


if __name__ == "__main__":
    main()
