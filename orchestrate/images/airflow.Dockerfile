# An Airflow whose workers have the project: build it from the project's folder,
#   docker build -f orchestrate/images/airflow.Dockerfile -t airflow-with-audit .
# For Astronomer: --build-arg BASE=<your runtime's image> --build-arg AIRFLOW_USER=astro
ARG BASE=apache/airflow:3.3.2
FROM ${BASE}
ARG AIRFLOW_USER=airflow
USER 0
# hadolint ignore=DL3008  # any version of make will do
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner=${AIRFLOW_USER} /opt/airflow-audit
# hadolint ignore=DL3066  # the image of one's choice has its own number for it
USER ${AIRFLOW_USER}
COPY --chown=${AIRFLOW_USER} . /opt/airflow-audit
# Meltano and dbt get environments of their own; Airflow's gets the provider, which needs nothing.
RUN make -C /opt/airflow-audit install \
    && rm -rf /opt/airflow-audit/.tools/uv-cache \
    && pip install --no-cache-dir --no-deps /opt/airflow-audit/orchestrate/airflow-provider-airflow-audit
ENV AIRFLOW__AIRFLOW_AUDIT__PROJECT_DIR=/opt/airflow-audit
