# One image for every role: docker build -t clock:1.0.0 --build-arg BUILD_COMMIT=... --build-arg BUILD_DATE=... .
ARG NODE_IMAGE=docker.io/library/node:22.23.3-bookworm

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
ARG BUILD_COMMIT=
ARG BUILD_DATE=
RUN npm run --silent package
# The contents of the final stage: the executable, the libraries that it links, and a user. The addon lies beside the
# executable and is loaded from there, so no directory has to be both writable and executable.
RUN set -eu; \
    mkdir -p /image/usr/local/bin /image/usr/share/doc/clock /image/etc /owned/data; \
    cp dist/clock dist/uws.node /image/usr/local/bin/; \
    chmod 0555 /image/usr/local/bin/*; \
    ldd dist/clock dist/uws.node | grep -oE '/[^ ]+\.so[^ ]*' | sort -u | xargs -I '{}' cp --parents --dereference '{}' /image; \
    cp LICENSE dist/THIRD-PARTY-LICENSES /image/usr/share/doc/clock/; \
    echo 'clock:x:10001:10001::/data:/usr/sbin/nologin' > /image/etc/passwd; \
    echo 'clock:x:10001:' > /image/etc/group; \
    echo 'hosts: files dns' > /image/etc/nsswitch.conf; \
    mkdir -m 1777 /image/tmp; \
    chmod 0700 /owned/data

FROM scratch
COPY --from=build /image/ /
COPY --from=build --chown=10001:10001 /owned/ /
ARG BUILD_COMMIT=
ARG BUILD_DATE=
LABEL org.opencontainers.image.title="Clock" \
      org.opencontainers.image.description="The exact time, live, on every signed-in screen" \
      org.opencontainers.image.version="1.0.0" \
      org.opencontainers.image.revision="${BUILD_COMMIT}" \
      org.opencontainers.image.created="${BUILD_DATE}" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/usr/local/bin \
    TZ=Europe/Madrid \
    CLOCK_HOST=:: \
    CLOCK_DATA_DIR=/data \
    CLOCK_INTERNAL_PORT=9464
USER 10001:10001
WORKDIR /data
EXPOSE 8000 9464
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["/usr/local/bin/clock", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/clock"]
CMD ["all"]
