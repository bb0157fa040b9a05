#!/usr/bin/env bash
# Builds the images localhost/anteroom-{frontend,backend,gallery}:dev with docker (when an engine answers) or buildah.
#
#   docker/build-images.sh [TARGET...]              default: frontend backend gallery
#   docker/build-images.sh --archive DIR [TARGET..] and writes each as DIR/anteroom-TARGET.tar (docker-archive)
#
#   BASE   the base image (debian:bookworm-slim)    TAG   the tag (dev)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

base=${BASE:-debian:bookworm-slim}
tag=${TAG:-dev}
archive=
if [ "${1:-}" = --archive ]; then
  archive=${2:?--archive needs a folder}
  shift 2
  mkdir -p "$archive"
fi
[ $# -gt 0 ] || set -- frontend backend gallery

# The docker program may be there without an engine behind it.
if command -v docker >/dev/null && docker info >/dev/null 2>&1; then
  engine=docker
elif command -v buildah >/dev/null; then
  engine=buildah
else
  echo 'build-images: needs docker with a running engine, or buildah (apt-get install buildah)' >&2
  exit 1
fi

# Inside a container without the right to make namespaces, buildah runs the steps in a chroot.
isolation=()
if [ "$engine" = buildah ] && [ -z "${BUILDAH_ISOLATION:-}" ] && ! unshare --mount --pid --fork true 2>/dev/null; then
  isolation=(--isolation chroot)
fi

version=$(sed -n 's/^project(anteroom VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
revision=$(git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)

for target; do
  image=localhost/anteroom-$target:$tag
  echo "build-images: $image ($engine)" >&2
  arguments=(--target "$target" -t "$image" -f docker/Dockerfile
    --build-arg "BASE=$base" --build-arg "VERSION=$version" --build-arg "REVISION=$revision")
  case $engine in
  docker) DOCKER_BUILDKIT=1 docker build "${arguments[@]}" . ;;
  buildah) buildah build --layers "${isolation[@]}" "${arguments[@]}" . ;;
  esac
  if [ -n "$archive" ]; then
    file=$archive/anteroom-$target.tar
    rm -f "$file"
    case $engine in
    docker) docker save -o "$file" "$image" ;;
    buildah) buildah push -q "$image" "docker-archive:$file:$image" ;;
    esac
    echo "$file"
  fi
done
