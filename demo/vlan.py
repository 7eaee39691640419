# SPDX-License-Identifier: BSD-2-Clause
"""A VLAN interface in userland: vlan.py LOWER VID NAME

Makes a tap interface NAME; what is sent to it leaves LOWER with an 802.1Q tag,
and what comes in on LOWER with that tag arrives on it.  It stands in for "ip
link add type vlan", which not every kernel has.  Ends when it is killed.
"""

import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
ETH_P_ALL, ETH_P_8021Q = 0x0003, 0x8100
SOL_PACKET, PACKET_AUXDATA = 263, 8
# struct tpacket_auxdata of packet(7): the kernel takes the tag out of a frame
# and hands it over apart.
AUXDATA = struct.Struct("=IIIHHHH")
TP_STATUS_VLAN_VALID = 0x10

lower_name, vid, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]

tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
lower = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
lower.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
lower.bind((lower_name, ETH_P_ALL))

while True:
    ready, _, _ = select.select([tap, lower], [], [])
    if tap in ready:
        frame = os.read(tap, 65536)
        tag = struct.pack("!HH", ETH_P_8021Q, vid)
        lower.send(frame[:12] + tag + frame[12:])
    if lower in ready:
        frame, ancillary, _, origin = lower.recvmsg(65536, 128)
        if origin[2] == socket.PACKET_OUTGOING:
            continue
        for level, kind, data in ancillary:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, _, _, _, _, tci, _ = AUXDATA.unpack(data)
                if status & TP_STATUS_VLAN_VALID and tci & 0xFFF == vid:
                    os.write(tap, frame)
