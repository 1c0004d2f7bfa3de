"""Tables and the database they live in, and nothing else."""

from models import accounts, chats, media, studio, voice, workers

__all__ = ["accounts", "chats", "media", "studio", "voice", "workers"]
