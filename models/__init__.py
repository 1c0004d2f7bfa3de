"""Tables and the database they live in, and nothing else."""

from models import chats, media, voice, workers

__all__ = ["chats", "media", "voice", "workers"]
