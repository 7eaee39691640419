# SPDX-License-Identifier: BSD-2-Clause
#
# Turns bindgen's output into what the crate promises (see README.md).

# Support code for flexible array members, which are dropped below.
1,/^pub const/{
/^pub const/!d
}

# C's types as FreeBSD amd64 defines them, wherever the crate is compiled.
# A char is a byte: names are byte strings, and no one does sums with them.
s/crate::ctypes::c_(uchar|char)/u8/g
s/crate::ctypes::c_ushort/u16/g
s/crate::ctypes::c_uint/u32/g
s/crate::ctypes::c_int/i32/g
s/crate::ctypes::c_ulong/u64/g
s/crate::ctypes::c_long/i64/g
/^pub type (__|u_|in_|sa_|_bindgen_ty_)/d
s/: (__)?(u_char|sa_family_t|__uint8_t)\b/: u8/
s/: (u_int16_t|in_port_t)\b/: u16/
s/: (u_int32_t|in_addr_t|_bindgen_ty_[0-9]+)\b/: u32/
s/: u_int64_t\b/: u64/
s/: u_long\b/: u64/
s/\[u_char; /[u8; /

# The type of a constant is that of the field or argument it goes into.
s/_EVALUATED: /: /
s/^(pub const (NG_[A-Z]+SIZ|NG_TEXTRESPONSE|NG_KSOCKET_MAX_OPTLEN|MAXDLTNAMELEN|IFNAMSIZ|NREC6?_AT_ONCE|NGRESP_SIZE|SORCVBUF_SIZE)): [a-z0-9]+/\1: usize/
s/^(pub const (AF_[A-Z0-9]+|DLT_[A-Z0-9]+|NG_VERSION)): [a-z0-9]+/\1: u8/
s/^(pub const NG_NETFLOW_MAXIFACES): [a-z0-9]+/\1: u16/
s/^(pub const (E[A-Z0-9]+|SOCK_[A-Z]+|IPPROTO_[A-Z0-9]+|NG_DATA|NG_CONTROL)): [a-z0-9]+/\1: i32/
s/: &\[u8; [0-9]+\] = b"([^"\\]*)\\0";/: \&str = "\1";/

# One assertion, one line.
/^    \[$/{
N
N
s/\n *//g
s/,\]/]/
}

# Flexible array members are dropped: the size of a structure, here as in C,
# is that of its fixed part, and the array is the bytes that follow.
/offset_of!\((ng_mesg, data|hooklist, link|namelist, nodeinfo|typelist, typeinfo|ng_ksocket_sockopt, value)\)/d
/: __IncompleteArrayField/d

s/__bindgen_padding_([0-9])/_pad\1/

# Nested types get a name.  Those of unions are in src/unions.rs.
s/\bng_mesg_ng_msghdr\b/ng_msghdr/g
s/\bin6_addr__bindgen_ty_1\b/in6_addr_octets/g
s/\bflow_rec__bindgen_ty_1\b|\bflow6_rec__bindgen_ty_3\b/flow_rec_ports/g
s/\bflow_rec__bindgen_ty_2\b|\bflow6_rec__bindgen_ty_4\b/flow_rec_misc/g
s/\bflow6_rec__bindgen_ty_1\b/flow6_rec_src/g
s/\bflow6_rec__bindgen_ty_2\b/flow6_rec_dst/g
s/\bflow6_entry_data__bindgen_ty_1\b/flow6_entry_data_n/g
