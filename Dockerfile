# The App. Node runs the sources as they are: there is nothing to build.
#   docker build -t weighbridge .
#   docker run --read-only --tmpfs /tmp -v weighbridge:/data -e WEIGHBRIDGE_DATA=/data --env-file weighbridge.env -p 3000:3000 weighbridge

FROM node:24-slim AS packages
WORKDIR /weighbridge
COPY package.json package-lock.json ./
# No script of any package runs, and none of those that are for development is installed.
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-slim
WORKDIR /weighbridge
ENV NODE_ENV=production
# The App verifies its trails from clones, as an auditor has them.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git && rm -rf /var/lib/apt/lists/*
# Made here so that a volume mounted on it belongs to who runs.
RUN install -d -o node -g node -m 700 /data
COPY --from=packages /weighbridge/node_modules ./node_modules
COPY package.json ./
COPY policies ./policies
COPY gate ./gate
COPY app ./app
USER node
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node itself, and not npm, is the process that gets the signal to end.
CMD ["node", "app/main.ts"]
