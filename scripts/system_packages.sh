#!/usr/bin/env bash
# What the tests use of the system: a Chromium, and the programs of a PostgreSQL server. Both are installed where apt
# is there and may be used; otherwise this says what will be skipped. With --list: print what is there, for
# NBLABEL_REQUIRE.
set -euo pipefail

have_chromium() {
  [ -n "${NBLABEL_CHROMIUM:-}" ] && return 0
  for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
    command -v "$name" >/dev/null && return 0
  done
  return 1
}

have_postgres() {
  command -v initdb >/dev/null && return 0
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

if [ "${1:-}" = --list ]; then
  found=()
  have_chromium && found+=(chromium)
  have_postgres && found+=(postgres)
  (IFS=,; echo "${found[*]:-}")
  exit 0
fi

wanted=()
have_chromium || wanted+=(chromium fonts-dejavu-core)
have_postgres || wanted+=(postgresql)
[ ${#wanted[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root=(sudo -n); else as_root=(no); fi
fi
if command -v apt-get >/dev/null && [ "${as_root[0]:-}" != no ]; then
  echo "installing ${wanted[*]} with apt"
  install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}"
  }
  { "${as_root[@]}" apt-get update -qq && install; } >/dev/null 2>&1 || install >/dev/null || true
fi
have_chromium || echo "no Chromium here: tests in a browser will be skipped (install it, or set NBLABEL_CHROMIUM)"
have_postgres || echo "no PostgreSQL programs here: tests on a PostgreSQL server will be skipped"
