# The image that build/image.sh makes, for who has a container engine:
#
#   docker build -t mailbucket .
#   docker run --rm -p 127.0.0.1:1025:1025 -p 127.0.0.1:8025:8025 mailbucket
FROM golang:1.26 AS build
WORKDIR /src
COPY . .
ARG VERSION=unknown
RUN VERSION=$VERSION bash build/release.sh linux/$(go env GOARCH) && mv dist/mailbucket-linux-* /mailbucket

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY build/Caddyfile /etc/mailbucket/Caddyfile
COPY --from=build /mailbucket /usr/bin/mailbucket
ENV PATH=/usr/bin HOME=/
USER 65532:65532
EXPOSE 1025 8025
HEALTHCHECK --interval=10s --timeout=10s CMD ["/usr/bin/mailbucket", "healthcheck"]
ENTRYPOINT ["/usr/bin/mailbucket"]
CMD ["run", "--config", "/etc/mailbucket/Caddyfile"]
