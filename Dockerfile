# syntax=docker/dockerfile:1

# It cross-compiles, so an image for another architecture needs no emulation.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION= TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w -X github.com/understudy-go/understudy/internal/cli.release=$VERSION" -o /understudy .

# Nothing but the program and the certificates that it checks servers by. It is
# its own init. Put your command into an image of its own that has
#   COPY --from=understudy /understudy /understudy
#   ENTRYPOINT ["/understudy", "--"]
# There is no HEALTHCHECK, as it serves no HTTP unless told to: see deploy/compose.yaml.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /understudy /understudy
USER 65532:65532
ENTRYPOINT ["/understudy"]
