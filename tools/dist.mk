# SPDX-License-Identifier: BSD-2-Clause
#
# What a release is.  Included by the top Makefile; plain POSIX make, for GNU's
# and BSD's.

# A tarball of what is committed, as GitHub makes one of a tag.
dist:
	@tools/dist.sh

.PHONY: dist
