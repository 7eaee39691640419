# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# The faults of "races.sh faults": what a change could get wrong, and the test
# in races/tests/orders.rs that must notice.

plant 'a cell read too early' an_interface_is_made_once \
    kmod/src/kpi/kernel/memory.rs \
    'self.0.load(Ordering::Acquire).as_ref()' \
    'self.0.load(Ordering::Relaxed).as_ref()'

plant 'a cell written too late' an_interface_is_made_once \
    kmod/src/kpi/kernel/memory.rs \
    'Ordering::AcqRel,' \
    'Ordering::Relaxed,'

plant 'a cell set twice' an_interface_is_made_once \
    kmod/src/kpi/kernel/memory.rs \
    'let set = self.0.compare_exchange(
            ptr::null_mut(),
            place.as_ptr(),
            Ordering::AcqRel,
            Ordering::Acquire,
        );' \
    'let set: Result<_, ()> = Ok(self.0.swap(place.as_ptr(), Ordering::AcqRel));'

plant 'a lock that is not taken' packets_and_timer \
    races/src/kernel.rs \
    'let guard = mtx.lock.lock().unwrap();
    mtx.guard.set(Some(guard));' \
    ''

plant 'a flow opened twice' two_first_packets \
    kmod/flow/src/cache/mod.rs \
    'match self.hit_any(table, flow.hash, flow.key, flow.seen, moment) {' \
    'match Hit::Miss {'

plant 'a record counted in, and never out' two_first_packets \
    kmod/flow/src/cache/mod.rs \
    'self.open.fetch_sub(1, Relaxed);
                Err(lacking)' \
    'Err(lacking)'

plant 'a sweep that tells too late what it left' packets_and_timer \
    kmod/flow/src/cache/mod.rs \
    '            self.publish(number, table);
            swept
        });' \
    '            (swept, table.outlook())
        });
        let (swept, outlook) = swept;
        if let Some(place) = self.outlooks.get(number) {
            place.set(outlook);
        }'

plant 'a count that is read and written in two steps' evictions_among_packets \
    kmod/flow/src/cache/mod.rs \
    'self.closed.fetch_add(1, Relaxed);' \
    'self.closed.store(self.closed.load(Relaxed) + 1, Relaxed);'

plant 'a new hook before its number' collectors_change_under_the_timer \
    kmod/src/node.rs \
    'self.connections.fetch_add(1, Relaxed);
        export.put(Some(hook));' \
    'export.put(Some(hook));
        self.connections.fetch_add(1, Relaxed);'

plant 'a hook used without a reference' collectors_change_under_the_timer \
    kmod/src/kpi/kernel.rs \
    'unsafe { Self::hold(self.0) }' \
    'Self(self.0)'

plant 'a datagram that waits and is forgotten' a_packet_and_an_idle_timer \
    kmod/src/node.rs \
    'self.has_pending.store(exporter.has_pending(), Relaxed);' \
    ''
