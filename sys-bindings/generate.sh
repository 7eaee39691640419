#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Generates src/generated.rs from FreeBSD's headers.
#
#   generate.sh          writes it anew
#   generate.sh --check  fails, showing the difference, if it would change
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
target=$here/src/generated.rs

bindgen_version=0.72.1
bindgen=${BINDGEN:-$root/build/tools/bin/bindgen}
if ! "$bindgen" --version 2>/dev/null | grep -q "^bindgen $bindgen_version\$"; then
	bindgen=$root/build/tools/bin/bindgen
	echo "bindings: installing bindgen-cli $bindgen_version into build/tools" >&2
	cargo install --quiet --locked --debug --root "$root/build/tools" \
	    --version "$bindgen_version" bindgen-cli
fi
headers=$("$root/tools/freebsd-headers.sh")

# All of them plain bytes: padding is made explicit, unions and flexible arrays
# are replaced.  bindgen cannot know the latter and would derive nothing for
# the structures around, so it is told what to derive for each.
structures='ng_mesg|ng_mesg_ng_msghdr|ngm_(connect|mkpeer|name|rmhook)'
structures="$structures|nodeinfo|linkinfo|hooklist|namelist|typeinfo|typelist"
structures="$structures|sockaddr|sockaddr_ng|sockaddr_in6?|in6?_addr"
structures="$structures|ng_netflow_[a-z0-9]+|ngnf_show_header"
structures="$structures|flow6?_rec|flow6?_entry_data"
structures="$structures|ng_ksocket_(sockopt|accept)|ng_tee_(hookstat|stats)"
unions='(flow6?_rec|flow6?_entry_data|in6_addr)__bindgen_ty_.*'
derives=Clone,Copy,Debug,FromBytes,IntoBytes,Immutable,KnownLayout

constants='NG_.*|NGM_.*|NGF_.*|NREC_AT_ONCE|MAXDLTNAMELEN|.*_EVALUATED'
constants="$constants|E[A-Z0-9]+|IFNAMSIZ|DLT_(EN10MB|RAW)|AF_(INET6?|NETGRAPH)"
constants="$constants|SOCK_(STREAM|DGRAM|RAW|RDM|SEQPACKET)"
constants="$constants|IPPROTO_(IP|ICMP|IGMP|IPV4|TCP|UDP|IPV6|GRE|ESP|AH)"
constants="$constants|IPPROTO_(ICMPV6|SCTP|UDPLITE|RAW|DIVERT)"

new=$root/build/generated.rs
mkdir -p "$root/build"
"$bindgen" "$here/wrapper.h" --output "$new.bindgen" \
    --rust-target 1.85 --rust-edition 2021 --use-core --formatter prettyplease \
    --ctypes-prefix crate::ctypes --disable-header-comment \
    --no-doc-comments --no-prepend-enum-name --explicit-padding \
    --no-copy '.*' --no-debug '.*' \
    --with-derive-custom "$structures=$derives" \
    --allowlist-type "$structures" --blocklist-type "$unions" \
    --allowlist-var "$constants" \
    -- --target=x86_64-unknown-freebsd15.0 -nostdinc \
    -isystem "$headers/x86_64-freebsd-none" \
    -isystem "$headers/generic-freebsd"

cat > "$new" <<'RS'
// SPDX-License-Identifier: BSD-2-Clause
//! FreeBSD's own constants and structures. Made by `generate.sh`; do not edit.

use crate::unions::*;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

RS
sed -E -f "$here/generate.sed" "$new.bindgen" >> "$new"

if [ "${1:-}" = --check ]; then
	diff -u "$target" "$new" || {
		echo "bindings: src/generated.rs is not what FreeBSD's headers give; run sys-bindings/generate.sh and commit" >&2
		exit 1
	}
else
	cp "$new" "$target"
fi
