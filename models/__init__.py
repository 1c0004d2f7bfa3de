"""Tables and the database they live in, and nothing else."""

from models import chats, media, studio, voice, workers

__all__ = ["chats", "media", "studio", "voice", "workers"]
