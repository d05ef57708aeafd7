# Otklik's web process and worker: one image, two commands (see compose.yaml).
FROM python:3.11-slim-bookworm AS build
WORKDIR /srv/otklik
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FLASK_APP=wsgi \
    INSTANCE_PATH=/var/lib/otklik
RUN useradd --system --uid 10001 --home-dir /var/lib/otklik --create-home otklik \
    && chmod 700 /var/lib/otklik
WORKDIR /srv/otklik
COPY --from=build /opt/venv /opt/venv
COPY . .
# The process that serves cannot write here, so what a first start would write is written now.
RUN python -c "from app.core.i18n import compile_catalogs; compile_catalogs()" \
    && python -m compileall -q app config.py wsgi.py migrations
USER otklik
# Pictures, the search index and letters written as files.
VOLUME /var/lib/otklik
EXPOSE 8000
# Finish what runs, give back leases: the worker needs up to 25 seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=20s CMD ["python", "-c", \
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["gunicorn", "wsgi:app", "--bind", "0.0.0.0:8000", "--workers", "3", \
    "--worker-class", "gthread", "--threads", "4", "--graceful-timeout", "20", \
    "--keep-alive", "75", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
