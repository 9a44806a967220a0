# Two images out of one file:
#
#   docker build --target api    -t netiquette-api .      API, migrations, commands; without torch
#   docker build --target worker -t netiquette-worker .   workers, with the model built in
#
# Both run as user 10001 and need nothing to write to but /tmp, on a read-only root.
# `make deploy-test` replays the steps without Docker: it knows RUN, COPY, ENV, ARG,
# WORKDIR and USER, and COPY --from only with the same path on both sides.

ARG PYTHON=python:3.11.16-slim-bookworm@sha256:2e32f7d302adc1c37428355c1e646897c0c53f4fd60b6a551245fb90ee129f91

FROM ${PYTHON} AS base
ENV PATH=/opt/netiquette/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --uid 10001 --user-group --home-dir /var/lib/netiquette --create-home netiquette

FROM base AS api-build
WORKDIR /src
COPY requirements/service.lock requirements/
RUN python -m venv /opt/netiquette
RUN pip install --require-hashes --no-deps --requirement requirements/service.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY service service
RUN pip install --no-deps --no-build-isolation .

FROM base AS api
COPY --from=api-build /opt/netiquette /opt/netiquette
USER 10001:10001
WORKDIR /var/lib/netiquette
EXPOSE 8000 9100
# http.client heeds no proxy settings, which would lead away from this container.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz'); exit(c.getresponse().status != 200)"]
CMD ["netiquette", "api", "--host", "0.0.0.0", "--port", "8000"]

FROM base AS worker-build
WORKDIR /src
COPY requirements/worker.lock requirements/
RUN python -m venv /opt/netiquette
RUN pip install --require-hashes --no-deps --requirement requirements/worker.lock
# PyPI's build of torch is for CUDA, several gigabytes; an empty TORCH_INDEX fetches it.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install torch==2.13.0 ${TORCH_INDEX:+--index-url $TORCH_INDEX}
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY service service
COPY workers workers
RUN pip install --no-deps --no-build-isolation .
# Built by the same command as everywhere, and proven against Detoxify. On a machine with
# other instructions than this one's the command builds it anew: see docs/operations.md.
ENV NETIQUETTE_MODELS_DIR=/var/lib/netiquette/models
RUN netiquette models build
# Whatever is derived can be changed by the workers' user, in a volume with this content.
RUN chown -R 10001:10001 /var/lib/netiquette/models

FROM base AS worker
ENV NETIQUETTE_MODELS_DIR=/var/lib/netiquette/models
COPY --from=worker-build /opt/netiquette /opt/netiquette
COPY --from=worker-build --chown=10001:10001 /var/lib/netiquette/models /var/lib/netiquette/models
USER 10001:10001
WORKDIR /var/lib/netiquette
EXPOSE 9100
CMD ["netiquette", "worker", "score"]
