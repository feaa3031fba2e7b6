# Every process of Nightshift: `docker run <image> background`.
FROM node:24-bookworm-slim AS base
WORKDIR /app
RUN npm install --global pnpm@12
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./

FROM base AS dependencies
RUN pnpm install --prod --frozen-lockfile

# The operators' page, which the API serves. What builds it stays here.
FROM base AS dashboard
RUN pnpm install --frozen-lockfile
COPY tsconfig.json ./
COPY scripts/build-dashboard.ts scripts/build-dashboard.ts
COPY dashboard dashboard
RUN node --import tsx/esm scripts/build-dashboard.ts

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json tsconfig.json ./
COPY bin bin
COPY src src
COPY .infra/common.ts .infra/common.ts
COPY --from=dashboard /app/dashboard/dist dashboard/dist
# Exports, where no bucket is named: a volume that is mounted here begins with this owner.
ENV NIGHTSHIFT_HOME=/var/lib/nightshift
RUN install --directory --owner=node --group=node /var/lib/nightshift
USER node
EXPOSE 5000 5001
# The API answers on PORT, the others on HEALTH_PORT.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "const ask = (port) => fetch(`http://127.0.0.1:${port}/health/live`).then((r) => { if (!r.ok) throw new Error(String(r.status)); }); ask(process.env.HEALTH_PORT ?? 5001).catch(() => ask(process.env.PORT ?? 5000)).catch(() => process.exit(1))"]
# Node is process 1 itself, so that it hears SIGTERM.
ENTRYPOINT ["node", "--import", "tsx/esm", "bin/cli.ts"]
CMD ["background"]
