#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
#   install.sh install|deinstall|list
#
# Installs everything below $DESTDIR, removes it again, or lists it, a path a
# line.  "make install" and its kin call it, and give it DESTDIR, PREFIX, SBINDIR,
# KMODDIR, KMOD, MANDIR, TOOLDIR and TARGET_OS.
set -eu

cd "$(dirname "$0")/.."
share=$PREFIX/share

# Everything that is installed: mode, source, target.
files() {
	for tool in flowctl nghost ngctl-rs; do
		echo "555 $TOOLDIR/$tool $SBINDIR/$tool"
	done
	for page in man/*.[1-9]; do
		[ -f "$page" ] || continue
		echo "444 $page $MANDIR/man${page##*.}/${page##*/}"
	done
	for file in completions/*; do
		base=${file##*/}
		case $base in
		_*)	echo "444 $file $share/zsh/site-functions/$base" ;;
		*.bash)	echo "444 $file $share/bash-completion/completions/${base%.bash}" ;;
		*.fish)	echo "444 $file $share/fish/vendor_completions.d/$base" ;;
		esac
	done
	[ "$TARGET_OS" = FreeBSD ] || return 0
	echo "555 $KMOD $KMODDIR/ng_netflow.ko"
	echo "555 rc.d/ng_netflow $PREFIX/etc/rc.d/ng_netflow"
	echo "444 rc.d/devd.conf $PREFIX/etc/devd/ng_netflow.conf"
}

# So that kldload(8) finds what is new; in a DESTDIR there is nobody to do it for.
index_modules() {
	if [ -z "$DESTDIR" ] && [ "$TARGET_OS" = FreeBSD ] && command -v kldxref >/dev/null; then
		kldxref "$KMODDIR"
	fi
}

case $1 in
install)
	# Nothing is installed where something is missing.
	files | while read -r _ source _; do
		if [ ! -f "$source" ]; then
			echo "install: there is no $source: run make first" >&2
			exit 66
		fi
	done
	files | while read -r mode source target; do
		install -d "$DESTDIR${target%/*}"
		install -m "$mode" "$source" "$DESTDIR$target"
	done
	index_modules ;;
deinstall)
	files | while read -r _ _ target; do rm -f "$DESTDIR$target"; done
	index_modules ;;
list)
	files | while read -r _ _ target; do echo "$target"; done ;;
*)
	echo "usage: install.sh install|deinstall|list" >&2
	exit 64 ;;
esac
