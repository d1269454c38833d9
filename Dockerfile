# syntax=docker/dockerfile:1
# idprobe in an image: not root, nothing to write but /results, no compiler, no package cache.
#
#   docker build --tag idprobe .
#   docker run --rm --read-only --tmpfs /tmp --volume "$PWD/results:/results" \
#     --volume "$PWD/acme.toml:/profile.toml:ro" --env WEB_SECRET idprobe audit /profile.toml --output /results/run
FROM python:3.12-slim AS build
COPY requirements/build.txt requirements/run.txt /source/requirements/
RUN python -m venv /opt/idprobe \
 && /opt/idprobe/bin/pip install --no-cache-dir --require-hashes -r /source/requirements/run.txt \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r /source/requirements/build.txt
COPY pyproject.toml README.md LICENSE /source/
COPY src /source/src
COPY conformance /source/conformance
COPY loadtests /source/loadtests
COPY fixtures /source/fixtures
COPY reports/templates /source/reports/templates
RUN cd /source \
 && /opt/build/bin/python -m hatchling build --target wheel --directory /wheel \
 && /opt/idprobe/bin/pip install --no-cache-dir --no-deps --no-index /wheel/*.whl \
 && /opt/idprobe/bin/idprobe audit reference -k cache-control-no-store --output /tmp/checked

FROM python:3.12-slim
COPY --from=build /opt/idprobe /opt/idprobe
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin idprobe \
 && install --directory --owner 10001 --mode 0700 /results
ENV PATH=/opt/idprobe/bin:$PATH PYTHONDONTWRITEBYTECODE=1 XDG_STATE_HOME=/results/.state
WORKDIR /results
USER 10001
ENTRYPOINT ["idprobe"]
CMD ["--help"]
