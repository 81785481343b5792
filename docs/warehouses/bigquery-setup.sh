#!/usr/bin/env bash
# Makes a service account for Airflow Audit in a project of Google Cloud, with the least it needs.
# Run it as an owner of the project: bigquery-setup.sh PROJECT ACCOUNT [BUCKET]
set -euo pipefail

if [ $# -lt 2 ]; then
    echo "usage: $0 PROJECT ACCOUNT [BUCKET]" >&2
    exit 64
fi
project=$1
account=$2
email="$account@$project.iam.gserviceaccount.com"

gcloud services enable bigquery.googleapis.com --project "$project"
gcloud iam service-accounts create "$account" --project "$project" \
    --display-name "Loads Airflow's metadata and builds the audit marts"

# Jobs, and datasets of its own: who makes a dataset owns it.
gcloud projects add-iam-policy-binding "$project" --condition None \
    --member "serviceAccount:$email" --role roles/bigquery.user

if [ $# -ge 3 ]; then
    # Files on their way, removed after each load.
    gcloud storage buckets add-iam-policy-binding "gs://$3" \
        --member "serviceAccount:$email" --role roles/storage.objectAdmin
fi

echo "A machine in Google Cloud can run as $email, with no key. Elsewhere, make one:"
echo "  gcloud iam service-accounts keys create key.json --iam-account $email"
echo "and set TARGET_BIGQUERY_CREDENTIALS_PATH to that file."
