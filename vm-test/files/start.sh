#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs in the guest, once, as root on the console: brings the machine to where
# every scenario begins, whether it booted into single-user mode from a CD or
# from a disk of its own, and leaves the second serial line to vm-guest.
PATH=/sbin:/bin:/usr/sbin:/usr/bin:/mnt/bin HOME=/root
export PATH HOME

for dir in /tmp /var; do
	touch $dir/.writable 2> /dev/null || mount -t tmpfs tmpfs $dir
done
mkdir -p /var/run /var/empty
sysctl -q kern.ipc.maxsockbuf=8388608 debug.debugger_on_panic=0 > /dev/null
sysctl -q net.inet.icmp.icmplim=0 > /dev/null
ifconfig lo0 inet 127.0.0.1/8 up
ifconfig vtnet0 inet 10.0.2.15/24 up
route -q add default 10.0.2.2 > /dev/null 2>&1

# The module path holds FreeBSD's modules, but for its ng_netflow: there is ours
# instead, because "ngctl mkpeer" loads by itself what is not there yet.
mkdir /tmp/modules
for module in /boot/kernel/netgraph.ko /boot/kernel/ng_*.ko /boot/kernel/if_epair.ko \
    /boot/kernel/if_bridge.ko /boot/kernel/bridgestp.ko; do
	[ -f $module ] && cp $module /tmp/modules/
done
cp /mnt/modules/ng_netflow.ko /tmp/modules/ng_netflow.ko
sysctl kern.module_path=/tmp/modules > /dev/null
kldxref /tmp/modules 2> /dev/null

cd /tmp || exit
vm-guest agent /dev/cuau1
echo "vm-guest ended: $?"
sleep 5
