"""Tables and the database they live in, and nothing else."""

from models import accounts, chats, library, media, studio, voice, workers

__all__ = ["accounts", "chats", "library", "media", "studio", "voice", "workers"]
