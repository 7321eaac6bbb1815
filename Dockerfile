# Compiles the sources. No install script runs in either stage: the packages contain what is needed.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json rolldown.config.ts ./
COPY src src
RUN npm run build

# The packages for production only.
FROM node:24-bookworm-slim AS packages
WORKDIR /registry-gate
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="registry-gate" \
      org.opencontainers.image.description="The front end of a private Docker/OCI registry" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production

# Both directories belong to the user below, so that an empty volume is writable: certs has the keys, users and tokens,
# data the images of the embedded registry.
RUN install --directory --owner=1000 --group=1000 --mode=0770 /registry-gate/certs /registry-gate/data
WORKDIR /registry-gate
COPY --from=packages /registry-gate ./
COPY --from=build /build/dist dist
COPY LICENSE ./
# For `docker exec CONTAINER registry-gate ...`.
RUN chmod 0755 dist/main.js && ln -s /registry-gate/dist/main.js /usr/local/bin/registry-gate

# `node` by number, so that Kubernetes can tell that it is not root.
USER 1000:1000

# 8443 and not 443: whether an unprivileged user may listen below 1024 depends on the container engine and its kernel
# settings; publishing 443:8443 always works. Clients see only 443.
ENV REGISTRY_GATE_LISTEN=:8443
# Hints say how a command is run in this container.
ENV REGISTRY_GATE_IN_CONTAINER=1
EXPOSE 8443
VOLUME /registry-gate/certs /registry-gate/data

# It reads the gate's configuration: the address, and whether to use the PROXY protocol.
HEALTHCHECK --interval=10s --timeout=10s --start-period=10s --retries=3 \
  CMD ["node", "dist/main.js", "health"]

STOPSIGNAL SIGTERM
# V8 would keep up to 128 MB for objects that have just been made.
ENTRYPOINT ["node", "--max-semi-space-size=16", "dist/main.js"]
CMD ["serve"]
