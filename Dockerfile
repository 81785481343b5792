# The project with everything it runs. Settings and secrets come from the environment; the volume
# keeps Meltano's state, and the warehouse if it is a DuckDB file:
#   docker run --env-file production.env -v airflow-audit:/opt/airflow-audit/output airflow-audit
# For a cloud warehouse: docker build --build-arg WAREHOUSE=snowflake (redshift, bigquery), and the
# command is its job, run sync-and-build-snowflake.
FROM python:3.13-slim-trixie
ARG WAREHOUSE=duckdb
# hadolint ignore=DL3008  # any version of make will do
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 audit \
    && install --directory --owner=1000 /opt/airflow-audit
WORKDIR /opt/airflow-audit
USER 1000
COPY --chown=1000 . .
RUN make install "WAREHOUSE=$WAREHOUSE" && rm -rf .tools/uv-cache && mkdir output
ENV MELTANO_DATABASE_URI=sqlite:////opt/airflow-audit/output/meltano.db
ENTRYPOINT ["/opt/airflow-audit/.venv/bin/meltano"]
CMD ["run", "sync-and-build"]
