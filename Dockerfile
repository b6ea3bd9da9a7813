# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/passerelle
WORKDIR /src
COPY requirements-serve.lock ./
RUN /opt/passerelle/bin/pip install --quiet --require-hashes -r requirements-serve.lock
COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
COPY schema schema
COPY policies policies
RUN /opt/passerelle/bin/pip install --quiet --no-deps .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin passerelle
COPY --from=build /opt/passerelle /opt/passerelle
ENV PATH=/opt/passerelle/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PASSERELLE_HOST=0.0.0.0 \
    PASSERELLE_LOG_FORMAT=json
USER passerelle
EXPOSE 54321
STOPSIGNAL SIGTERM
# The image has no curl. PostgREST mode has another port and no admin port by default; override the check there.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:54320/ready', timeout=2)"]
ENTRYPOINT ["passerelle"]
CMD ["serve"]
