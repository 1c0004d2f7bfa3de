"""The least there can be, to measure against: Flask and the vendor's SDK as its README shows it, and nothing kept.

    OPENAI_BASE_URL=http://127.0.0.1:9100/v1 pipenv run python benchmarks/bare.py 5001

No validation, no picture, no history, no database; gunicorn serves it with as many threads as the server has.
"""

from __future__ import annotations

import os
import sys

from flask import Flask, Response, jsonify
from gunicorn.app.base import BaseApplication
from openai import OpenAI

app = Flask(__name__)
client = OpenAI(base_url=os.environ["OPENAI_BASE_URL"], api_key="none")


@app.get("/healthz")
def healthz() -> Response:
    return jsonify(status="alive")


@app.post("/chat")
def chat() -> Response:
    stream = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hello"}], stream=True)
    said = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    return jsonify(choices=[{"message": {"role": "assistant", "content": said}}])


class Bare(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def load_config(self) -> None:
        for name, value in {"bind": f"127.0.0.1:{sys.argv[1]}", "threads": 640, "worker_class": "gthread"}.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return app


if __name__ == "__main__":
    Bare().run()
