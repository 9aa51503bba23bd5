# The speech endpoint without the studio:
#   docker build --tag ditar-studio .
#   docker run --publish 127.0.0.1:8765:8765 --env DITAR_STUDIO_TOKEN=... --volume voices:/data ditar-studio
FROM docker.io/library/python:3.12-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_CONSTRAINT=/source/packaging/constraints.txt
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN python -m venv /program \
    && /program/bin/pip install --no-deps torch --index-url https://download.pytorch.org/whl/cpu \
    && /program/bin/pip install ".[wyoming]" \
    && /program/bin/pip uninstall -y PySide6-Essentials shiboken6 \
    && find /program -name __pycache__ -prune -exec rm -rf {} + \
    && cd /program/lib/python3.12/site-packages/torch \
    && rm -rf include test \
    # (without torch_shm_manager torch can't be imported)
    && find bin -type f ! -name torch_shm_manager -delete

FROM docker.io/library/python:3.12-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends libportaudio2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --home-dir /data studio
COPY --from=build /program /program
ENV PATH=/program/bin:$PATH DITAR_STUDIO_HOME=/data DITAR_STUDIO_BIND=0.0.0.0 PYTHONUNBUFFERED=1
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8765, timeout=4); c.request('GET', '/v1/models'); c.getresponse()"]
ENTRYPOINT ["ditar-studio"]
CMD ["serve"]
