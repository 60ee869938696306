# Packages and static files are made in the first stage, the list of the packages in the second; the third holds what
# runs, and no compiler, cache or test.
FROM python:3.11-slim-bookworm AS build

ENV PATH=/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

RUN python -m venv /venv
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

COPY . ./
# The settings ask for a key and hosts; collecting files uses neither.
RUN SECRET_KEY=build ALLOWED_HOSTS=build python manage.py collectstatic --noinput


FROM build AS sbom

RUN python -m venv /sbom \
    && /sbom/bin/pip install --no-cache-dir cyclonedx-bom==7.5.0 \
    && /sbom/bin/cyclonedx-py environment --output-reproducible --output-file /sbom.cdx.json /venv/bin/python


FROM python:3.11-slim-bookworm

WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY --from=sbom /sbom.cdx.json ./
# What the process may write: the demo's database and retrained models. 1000 is the user that hosts of demos expect.
RUN useradd --uid 1000 --create-home technova && install --directory --owner=1000 --mode=700 /data && chown -R 1000 artifacts

ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000
USER 1000
VOLUME /data
EXPOSE 8000

HEALTHCHECK --interval=10s --timeout=5s --start-period=180s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health')"]

CMD ["./docker-entrypoint.sh"]
