#!/usr/bin/env bash
# The end-to-end test on the cluster that KUBECONFIG names. Further arguments go to pytest.
#
#   KUBECONFIG       the cluster; must be set, so that nobody tests on his default cluster by mistake
#   E2E_IMAGE_LOAD   a command that loads image archives into the nodes, called with their paths: the images are built
#                    and given to it. E.g. "minikube image load". Unset: the nodes can get the images by themselves.
#   E2E_HELM_ARGS    further arguments of helm install, e.g. "--set backend.image.repository=registry.example.com/gallery"
#   E2E_EXEC         a prefix that runs a command where Service addresses answer (default: here)
#   E2E_REPORT       a file for the measurements (JSON)
#
# Wants kubectl and helm, and buildah or docker when images are to be built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

: "${KUBECONFIG:?names no cluster}"
for program in kubectl helm; do
  command -v "$program" >/dev/null || { echo "e2e: $program is not installed" >&2; exit 1; }
done
exec /usr/bin/python3 -m pytest -v -s -p no:cacheprovider tests/e2e/kubernetes "$@"
