"""How long sessions take to list, search, open and replay when there are many.

    pipenv run python -m benchmarks.sessions --sessions 100000 --messages 1000000

Builds two databases by bulk insert in a temporary folder (or `--folder`, which is kept and used again): a small one of
1,000 sessions and the asked one, each with the same number of messages a session. Asks both over the real application,
in one process and without sockets, and prints the median of each request and its ratio to the small one's.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import insert, text

from app import create_app
from config import Settings
from models.base import LOCAL_OWNER, new_id, now
from models.chats import Conversation, Message, MessageEvents
from models.database import Database
from services import migrations, session_search

SMALL = 1_000
STEP = 2_000
WORDS = 40
STREAMED_TOKENS = 1_000
RARE, COMMON = "quokkaberry", "harbourlight"
INDEX = f"""
INSERT INTO session_text(rowid, content)
SELECT c.search_number << {session_search.SLOT_BITS}, c.title || :end FROM conversations c
WHERE c.search_number > :beyond
UNION ALL
SELECT (c.search_number << {session_search.SLOT_BITS}) + m.seq + 1, m.content || :end
FROM conversations c JOIN messages m ON m.conversation_id = c.id WHERE c.search_number > :beyond
"""  # noqa: S608 - a constant


def vocabulary(chance: random.Random) -> list[str]:
    syllables = [
        "ba",
        "ne",
        "ro",
        "ti",
        "lu",
        "ske",
        "mar",
        "von",
        "pli",
        "dor",
        "fa",
        "gri",
        "ten",
        "osh",
        "wel",
        "ca",
    ]
    return ["".join(chance.choices(syllables, k=chance.choice((1, 2, 2, 3, 3, 4)))) for _ in range(8_000)]


def said(chance: random.Random, words: list[str], number: int) -> str:
    """A message of 40 words, commoner words more often; one in twenty has the common word, one in 50,000 the rare."""
    chosen = [words[min(int(chance.paretovariate(0.6)) - 1, len(words) - 1)] for _ in range(WORDS)]
    if number % 20 == 0:
        chosen[7] = COMMON
    if number % 50_000 == 1:
        chosen[9] = RARE
    return " ".join(chosen)


def build(path: Path, sessions: int, messages: int) -> None:
    """A database of so many sessions of one owner, their messages spread evenly."""
    database = Database(f"sqlite:///{path}")
    migrations.ensure(database)
    chance = random.Random(7)
    words = vocabulary(chance)
    each = messages // sessions
    for begin in range(0, sessions, STEP):
        conversations, told = rows(chance, words, range(begin, min(begin + STEP, sessions)), each)
        with database.write() as session:
            session.execute(insert(Conversation), conversations)
            session.execute(insert(Message), told)
            session.execute(text(INDEX), {"end": session_search.END, "beyond": begin})
    with database.write() as session:
        newest = session.execute(text("SELECT id FROM messages WHERE role = 'assistant' LIMIT 1")).scalar_one()
        entries = [["token", f" word{number}"] for number in range(STREAMED_TOKENS)]
        entries.append(["event", "close", {"type": "close", "message_id": newest}])
        for position in range(0, len(entries), 40):
            session.execute(
                insert(MessageEvents).values(
                    message_id=newest, position=position, entries=entries[position : position + 40]
                )
            )
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    database.close()


def rows(
    chance: random.Random, words: list[str], numbers: range, each: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Sessions with these numbers, and their messages."""
    began = now() - timedelta(days=400)
    conversations, told = [], []
    for number in numbers:
        session_id, at = new_id(), began + timedelta(seconds=number * 60)
        texts = [said(chance, words, number * each + seq) for seq in range(each)]
        told += [
            {
                "id": new_id(),
                "conversation_id": session_id,
                "seq": seq,
                "role": "assistant" if seq % 2 else "user",
                "content": content,
                "status": "complete" if seq % 2 else "sent",
                "created_at": at,
            }
            for seq, content in enumerate(texts)
        ]
        conversations.append(
            {
                "id": session_id,
                "owner_id": LOCAL_OWNER,
                "surface": "session",
                "title": " ".join(chance.choices(words, k=4)),
                "next_seq": each,
                "total_messages": each,
                "total_tokens": each * 60,
                "is_active": number % 10 != 0,
                "search_number": number + 1,
                "last_user_message": texts[-2][:200],
                "last_message_preview": texts[-1][:200],
                "last_message_at": at,
                "created_at": at,
                "updated_at": at,
            }
        )
    return conversations, told


def requests(path: Path, sessions: int) -> dict[str, str]:
    """What is asked, by the name it has in the table."""
    database = Database(f"sqlite:///{path}")
    with database.read() as session:
        streamed, conversation = session.execute(
            text("SELECT m.id, m.conversation_id FROM messages m JOIN message_events e ON e.message_id = m.id LIMIT 1")
        ).one()
    database.close()
    chat = "/api/v2/chat/sessions"
    return {
        "list, first page": f"{chat}?limit=20",
        "list, first page, open ones": f"{chat}?limit=20&is_active=true",
        "list, first page, 5 messages and more": f"{chat}?limit=20&min_messages=5",
        "list, last page": f"{chat}?limit=20&offset={sessions - 20}",
        "search, 1 message in 20": f"{chat}?search={COMMON}",
        "search, 1 message in 50,000": f"{chat}?search={RARE}",
        "search, nothing": f"{chat}?search=zzyzx%20road",
        "search, 3 characters, nearly all": f"{chat}?search=ske",
        "search, 2 characters, nearly all": f"{chat}?search=sk",
        "search, 2 characters, nothing": f"{chat}?search=zz",
        "search, 1 character, nearly all": f"{chat}?search=k",
        "open, all messages": f"{chat}/{conversation}",
        "open, newest message": f"{chat}/{conversation}?message_limit=1",
        "export, Markdown": f"{chat}/{conversation}/export",
        f"replay, {STREAMED_TOKENS} tokens": f"{chat}/{conversation}/messages/{streamed}/stream",
    }


def measure(path: Path, sessions: int, seconds: float) -> dict[str, float]:
    """Median milliseconds of each request."""
    app = create_app(Settings(data_dir=path.parent, fetch_models=False, vision_provider=("local",)))
    try:
        client = app.test_client()
        return {name: median(client, address, seconds) for name, address in requests(path, sessions).items()}
    finally:
        app.extensions["services"].stop()


def median(client: FlaskClient, address: str, seconds: float) -> float:
    took: list[float] = []
    until = time.monotonic() + seconds
    while len(took) < 3 or (time.monotonic() < until and len(took) < 200):
        began = time.perf_counter()
        response = client.get(address)
        assert response.status_code == 200, response.text
        assert response.data
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each request (default 2)")
    parser.add_argument("--folder", type=Path, help="keep the databases here and use them again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        figures = []
        for count in (SMALL, options.sessions):
            path = folder / f"{count}" / "assistant.db"
            if not path.exists():
                path.parent.mkdir(parents=True)
                began = time.monotonic()
                build(path, count, count * options.messages // options.sessions)
                took = time.monotonic() - began
                print(f"built {count:,} sessions in {took:.0f} s, {path.stat().st_size / 1e6:,.0f} MB", flush=True)
            figures.append(measure(path, count, options.seconds))
    small, asked = figures
    print(f"\n{'median milliseconds':40} {SMALL:>12,} {options.sessions:>12,} {'ratio':>8}")
    for name in asked:
        print(f"{name:40} {small[name]:12.2f} {asked[name]:12.2f} {asked[name] / small[name]:8.1f}")


if __name__ == "__main__":
    main()
