#!/bin/sh
# Needs curl and jq.
set -eu
email="$(date +%s)$$@run42.test" # of this test alone
curl -fsS "$APP/signup" --data-urlencode "email=$email"
link=$(curl -fsS "$MAIL/emails/latest?wait=30s&recipient=$email" | jq -r '.links[0].url')
curl -fsS "$link" | grep Welcome
