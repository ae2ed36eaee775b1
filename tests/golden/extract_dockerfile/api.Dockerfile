# syntax=docker/dockerfile:1
ARG VERSION=22
FROM --platform=$BUILDPLATFORM node:${VERSION}-alpine AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci && \
    # a comment between
    npm run build
RUN <<EOF
EXPOSE 1
EOF

FROM build AS lint
CMD npm run lint

FROM gcr.io/distroless/nodejs22@sha256:abcd
ENV PORT=8080 HOST="0.0.0.0"
ENV GREETING hello world
ENV SECRET_KEY=9f3a1c77aa
COPY --from=build --chown=1000 /app/dist ./dist
ADD ["a file.txt", "/data/"]
EXPOSE ${PORT} 9090/udp
USER 1000
HEALTHCHECK --interval=5s CMD wget -q localhost:8080/health
ENTRYPOINT ["node", "dist/server.js"]
