# docker build -t darkroom .
# docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/project" darkroom predict photo.jpg
# The folder in /project is a project of `darkroom new` or this repository. Nothing in the image needs a network.
FROM python:3.11-slim AS build
RUN python -m venv /opt/darkroom
ENV PATH=/opt/darkroom/bin:$PATH
COPY requirements.txt /source/
# uv, as in `make setup`: pip refuses the lock, of which one package says that it is for older versions of Python
RUN sed -n '/^uv==/,/[^\]$/p' /source/requirements.txt > /tmp/uv.txt \
    && pip install --no-cache-dir --require-hashes --requirement /tmp/uv.txt
RUN uv pip install --no-cache --compile-bytecode --python /opt/darkroom/bin/python \
    --require-hashes --requirement /source/requirements.txt
COPY . /source
RUN pip install --no-cache-dir --no-deps /source

FROM python:3.11-slim
# DVC works in git repositories; `safe.directory` because the mounted one belongs to a user that the image does not know
# git in the version of the image's Debian, which deletes older ones
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory /project \
    && useradd --create-home --uid 1000 darkroom
COPY --from=build /opt/darkroom /opt/darkroom
# HOME: where any --user may write what Keras and Matplotlib keep
ENV PATH=/opt/darkroom/bin:$PATH \
    HOME=/tmp \
    DO_NOT_TRACK=true \
    DVC_NO_ANALYTICS=true \
    MLFLOW_DISABLE_TELEMETRY=true
USER 1000
WORKDIR /project
ENTRYPOINT ["darkroom"]
CMD ["--help"]
