# The panel as an image: one static binary, a user without rights, its files in /data.
#
#   docker run -v shop:/shop -v panel:/data -e DATABASE_URL=sqlite:/shop/shop.db -e ADMIN_SECRET_KEY_FILE=… crudadmin
#
# Another command: `demo` for a made shop, `doctor` for a look before you serve.
FROM golang:1.26-alpine AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /crudadmin ./cmd/crudadmin && mkdir -m 700 /data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /crudadmin /crudadmin
COPY --from=build --chown=nonroot:nonroot /data /data
ENV DATA_DIR=/data ADDR=0.0.0.0:8000
VOLUME /data
EXPOSE 8000
# There is no shell: the program asks itself. It reads ADDR, MOUNT_PATH and TLS_CERT_FILE as the panel does.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/crudadmin", "health"]
ENTRYPOINT ["/crudadmin"]
CMD ["serve"]
