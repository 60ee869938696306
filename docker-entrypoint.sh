#!/bin/sh
# What the container does: prepare the database, then serve. Without DATABASE_URL it is a demo that needs no
# configuration: SQLite, the fictional employees, and a key that lives as long as the container.
set -eu

if [ -n "${DATABASE_URL:-}" ]; then
    DATABASE_URL="${OWNER_DATABASE_URL:-$DATABASE_URL}" python manage.py init_technova
    unset OWNER_DATABASE_URL # the server needs no more than the application's role
else
    export DATABASE_URL=sqlite:////data/db.sqlite3
    export SECRET_KEY="${SECRET_KEY:-$(python -c 'import secrets; print(secrets.token_urlsafe(50))')}"
    if [ -n "${SPACE_HOST:-}" ]; then # a Hugging Face space: TLS ends in front of the container
        export ALLOWED_HOSTS="${ALLOWED_HOSTS:-$SPACE_HOST}" BEHIND_TLS_PROXY="${BEHIND_TLS_PROXY:-True}"
    else
        export ALLOWED_HOSTS="${ALLOWED_HOSTS:-localhost}" HTTPS="${HTTPS:-False}"
    fi
    python manage.py init_technova --demo
fi

# The container's own health check calls 127.0.0.1.
export ALLOWED_HOSTS="$ALLOWED_HOSTS,127.0.0.1"
exec gunicorn --config python:technova.gunicorn technova.wsgi
