# One image for every part; docker-compose.yml says which command each container runs.
FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m venv /opt/razbor \
    && /opt/razbor/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/runtime.txt
COPY . .
# The image's own setuptools builds the wheel, so that nothing unlocked is fetched.
RUN pip wheel --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir /dist . \
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
