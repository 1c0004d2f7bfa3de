"""The job that makes a picture findable by its new title or description: its meaning takes a model's time."""

from __future__ import annotations

from sqlalchemy import select

from models.database import Database
from models.media import Image
from services.library.image_rows import Findable

JOB = "retell_image"


class Retelling:
    """Brings an index up to pictures whose words have changed."""

    def __init__(self, database: Database, index: Findable) -> None:
        self.database = database
        self.index = index

    def run(self, image_id: str) -> None:
        """Nothing happens for a picture that is gone.

        Raises:
            DatabaseUnavailable
        """
        with self.database.read() as session:
            owner_id = session.execute(select(Image.owner_id).where(Image.id == image_id)).scalar()
        if owner_id is not None:
            self.index.update(owner_id, image_id)
