"""Files in a bucket of S3 or of anything that speaks its language."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from services.errors import StorageUnavailable

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 10
ATTEMPTS = 3
"""Of one call, the first among them; botocore waits longer before each."""
CONNECTIONS = 64

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Access:
    """How the bucket is reached; what is None is looked for where boto3 looks: the environment, its files, the
    machine's role.

    Args:
        endpoint: address of an S3-compatible server; Amazon's when None.
    """

    endpoint: str | None = None
    region: str | None = None
    key_id: str | None = None
    secret: str | None = None
    token: str | None = None


class S3Store:
    """`MediaStore` in a bucket that is there already. A put is whole or not at all, which S3 itself promises.

    Args:
        url: `s3://bucket/prefix`; without a prefix keys begin at the bucket's root.
        page: keys that are asked for at once.
    """

    def __init__(self, url: str, access: Access, page: int = 1000) -> None:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        self.bucket = bucket
        self.page = page
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._failures = (BotoCoreError, ClientError)
        # Of the one session, whose reading of what S3 can do takes a second.
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=access.endpoint,
            # A server of one's own seldom asks where it is, and the signature wants a word.
            region_name=access.region or ("us-east-1" if access.endpoint else None),
            aws_access_key_id=access.key_id,
            aws_secret_access_key=access.secret,
            aws_session_token=access.token,
            config=Config(
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=READ_TIMEOUT_S,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                max_pool_connections=CONNECTIONS,
                # Names of buckets are not looked up as host names where a server of one's own answers.
                s3={"addressing_style": "path"} if access.endpoint else None,
                # Checksums that not every compatible server knows are sent only where S3 demands them.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def put(self, key: str, data: bytes) -> None:
        name = self._name(key)
        with self._told("The media store cannot take the file."):
            self._client.put_object(Bucket=self.bucket, Key=name, Body=data)

    def get(self, key: str) -> bytes:
        name = self._name(key)
        with self._told("The media store does not answer."):
            body: bytes = self._client.get_object(Bucket=self.bucket, Key=name)["Body"].read()
            return body

    def delete(self, key: str) -> None:
        name = self._name(key)
        with self._told("The media store does not answer."):
            self._client.delete_object(Bucket=self.bucket, Key=name)

    def keys(self, prefix: str, *, older_than_s: float = 0) -> Iterator[str]:
        after: dict[str, str] = {}
        while True:
            with self._told("The media store does not answer."):
                page = self._client.list_objects_v2(
                    Bucket=self.bucket, Prefix=self.prefix + prefix, MaxKeys=self.page, **after
                )
            # By the store's own clock, which may differ from this machine's by more than an upload takes.
            latest = _said_at(page) - older_than_s
            for found in page.get("Contents", ()):
                if not older_than_s or found["LastModified"].timestamp() <= latest:
                    yield found["Key"].removeprefix(self.prefix)
            if not page.get("IsTruncated"):
                return
            after = {"ContinuationToken": page["NextContinuationToken"]}

    def probe(self) -> None:
        name = self._name(".probe")
        with self._told("The media store cannot be written."):
            self._client.put_object(Bucket=self.bucket, Key=name, Body=b"")
            self._client.delete_object(Bucket=self.bucket, Key=name)

    def close(self) -> None:
        self._client.close()

    def _name(self, key: str) -> str:
        if not key or key.startswith("/") or not {"", ".", ".."}.isdisjoint(key.split("/")):
            raise ValueError(f"not a key: {key!r}")
        return self.prefix + key

    @contextmanager
    def _told(self, saying: str) -> Iterator[None]:
        try:
            yield
        except self._failures as error:
            code = getattr(error, "response", {}).get("Error", {}).get("Code")
            if code == "NoSuchKey":
                raise FileNotFoundError("no such object") from error
            log.warning("the media store failed: %s", error)
            raise StorageUnavailable(saying) from error


def _said_at(answer: dict[str, Any]) -> float:
    """The time of an answer by the store's clock, Unix seconds; by this machine's where it does not say."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(date).timestamp() if date else time.time()
