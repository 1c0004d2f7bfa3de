"""Turn what was measured of a picture into answers to people's questions, in English, Hindi and Marathi."""

from services.answers.answering import advice, answer, describe
from services.answers.describing import caption
from services.answers.language import language_of

__all__ = ["advice", "answer", "caption", "describe", "language_of"]
