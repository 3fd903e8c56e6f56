#!/bin/sh
# Needs curl and jq.
set -eu
email="$(date +%s)$$@run42.test" # of this test alone
curl -fsS "$APP/signup" --data-urlencode "email=$email"
id=$(curl -fsS "$MAIL/emails?wait=30s&recipient=$email" | jq -r '.results[0].id')
link=$(curl -fsS "$MAIL/emails/$id" | jq -r '.links[0].url')
curl -fsS "$link" | grep Welcome
