# Build the static binary, then keep nothing but the binary, certificates and time zones.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /sportello . && mkdir -p /data /tmp-empty

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /sportello /sportello
# The server runs as nobody; its data folder and its temporary files are on the one volume.
COPY --from=build --chown=65534:65534 --chmod=700 /data /data
USER 65534:65534
ENV SPORTELLO_DATA=/data SPORTELLO_LISTEN=0.0.0.0:8080 TMPDIR=/data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/sportello"]
CMD ["serve"]
