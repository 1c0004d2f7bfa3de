# The server as it runs in production: no build tools, no root, nothing written but /data.
FROM python:3.11-slim AS packages
ENV PIPENV_VENV_IN_PROJECT=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY Pipfile Pipfile.lock ./
RUN pip install "pipenv>=2026.7" && pipenv --python "$(command -v python3.11)" sync

FROM python:3.11-slim
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 PORT=5000 DATA_DIR=/data AUTH_REQUIRED=true
RUN useradd --uid 10001 --user-group --create-home --shell /usr/sbin/nologin assistant \
    && install -d -o assistant -g assistant /data
WORKDIR /app
COPY --from=packages /app/.venv .venv
COPY app.py config.py ./
COPY migrations migrations
COPY models models
COPY routes routes
COPY services services
COPY static static
COPY templates templates
# By its number, so that whoever starts it can see that it is not root's.
USER 10001
VOLUME /data
EXPOSE 5000
# Longer than the server gives answers under way to finish.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=2)"]
CMD ["python", "app.py"]
