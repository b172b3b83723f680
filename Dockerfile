# The panel as an image: one static binary, a user without rights, its files in /data.
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
ENTRYPOINT ["/crudadmin"]
CMD ["demo"]
