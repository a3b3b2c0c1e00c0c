# `paddlegan serve` in a container: on the CPU, as a user without rights. docs/serving.md tells how to run it.
#
#     python -m pip wheel --no-deps -w dist .
#     docker build -t paddlegan .

# Debian or Ubuntu with Python 3.10 to 3.13 and pip.
ARG BASE=python:3.12-slim-bookworm
FROM $BASE

# lite paints; cpu translates and restores, too, with Paddle: 0.8 GB more.
ARG EXTRAS=lite,serve

# OpenCV's wheel loads them.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 \
 && rm -rf /var/lib/apt/lists/*

COPY dist/ppgan_lite-*.whl /tmp/
RUN python -m pip install --no-cache-dir "$(echo /tmp/ppgan_lite-*.whl)[$EXTRAS]" \
 && rm /tmp/ppgan_lite-*.whl \
 && useradd --create-home --uid 10001 paddlegan

USER paddlegan
ENV PPGAN_LITE_CACHE=/home/paddlegan/cache PYTHONUNBUFFERED=1

# Every style paints once, so that its graph is compiled: for this kind of processor.
RUN photo="$(python -c 'from ppgan_lite.images import SAMPLE_PHOTO; print(SAMPLE_PHOTO)')" \
 && paddlegan sheet "$photo" -o /tmp/sheet.jpg \
 && paddlegan stylize "$photo" --style "$photo" -o /tmp/any.jpg \
 && rm /tmp/sheet.jpg /tmp/any.jpg

EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["paddlegan", "serve", "--host", "0.0.0.0", "--port", "8000"]
