# One image for every part; docker-compose.yml says which command each container runs.
FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m venv /opt/razbor \
    && /opt/razbor/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/runtime.txt
# Reading is compiled here (ADR 28): the compiler and mypy stay in this stage. RAZBOR_COMPILED=0 leaves it out.
ARG RAZBOR_COMPILED=1
COPY requirements/compile.txt requirements/compile.txt
RUN if [ "$RAZBOR_COMPILED" = 1 ]; then apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev; fi \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes \
        -r requirements/runtime.txt -r requirements/compile.txt
COPY . .
# With the locked setuptools, so that nothing unlocked is fetched.
RUN RAZBOR_COMPILED=$RAZBOR_COMPILED /opt/build/bin/pip wheel --no-cache-dir --disable-pip-version-check --no-deps \
        --no-build-isolation --wheel-dir /dist . \
    && /opt/razbor/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps /dist/*.whl

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin razbor \
    && install -d -m 0700 -o razbor -g razbor /data
COPY --from=build /opt/razbor /opt/razbor
ENV PATH=/opt/razbor/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    RAZBOR_DATA_DIR=/data \
    RAZBOR_SMTP_HOST=0.0.0.0
USER razbor
WORKDIR /data
VOLUME /data
EXPOSE 8025 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 CMD ["razbor", "alive", "listen"]
ENTRYPOINT ["razbor"]
CMD ["serve"]
