// SPDX-License-Identifier: BSD-2-Clause
//! Control messages, with base's numbers, layouts and errors.
//!
//! Every length is checked before a byte is used, and every reply is built
//! from zeroes: nothing of the kernel's memory gets into one.

use flow::export::v9;
use flow::sync::Ordering::Relaxed;
use sys_bindings::{
    ng_netflow_ifinfo, ng_netflow_info, ng_netflow_setconfig, ng_netflow_setdlt,
    ng_netflow_setifindex, ng_netflow_setmtu, ng_netflow_settemplate, ng_netflow_settimeouts,
    ng_netflow_v9info, ngnf_show_header, DLT_EN10MB, DLT_RAW, EINVAL, ENOMEM, NGM_NETFLOW_COOKIE,
    NGM_NETFLOW_IFINFO, NGM_NETFLOW_INFO, NGM_NETFLOW_SETCONFIG, NGM_NETFLOW_SETDLT,
    NGM_NETFLOW_SETIFINDEX, NGM_NETFLOW_SETMTU, NGM_NETFLOW_SETTEMPLATE, NGM_NETFLOW_SETTIMEOUTS,
    NGM_NETFLOW_SHOW, NGM_NETFLOW_V9INFO,
};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes};

use crate::iface::Iface;
use crate::kpi::{Errno, Kpi, Reply};
use crate::node::Node;
use crate::role::NG_NETFLOW_MAXIFACES;
use crate::show;

impl<K: Kpi> Node<K> {
    /// Carries out a control message and writes its answer, if it has one, to
    /// `reply`.  `EINVAL` for a cookie or command that is not ours, for
    /// arguments of the wrong length and for values that mean nothing;
    /// `ENOMEM`.
    pub fn rcvmsg(
        &self,
        cookie: u32,
        command: u32,
        args: &[u8],
        reply: &mut impl Reply,
    ) -> Result<(), Errno> {
        if cookie != NGM_NETFLOW_COOKIE {
            return Err(EINVAL);
        }
        match command {
            NGM_NETFLOW_INFO => answer(reply, &self.info()),
            NGM_NETFLOW_IFINFO => {
                let number: u16 = exactly(args)?;
                answer(reply, &ifinfo(self.connected(number)?))
            }
            NGM_NETFLOW_SHOW => {
                let request: ngnf_show_header = exactly(args)?;
                let moment = self.engine.at(self.kpi().uptime());
                show::show(&self.engine, request, moment, reply)
            }
            NGM_NETFLOW_SETDLT => {
                let set: ng_netflow_setdlt = exactly(args)?;
                let iface = self.connected(set.iface)?;
                if set.dlt != DLT_EN10MB && set.dlt != DLT_RAW {
                    return Err(EINVAL);
                }
                iface.set(|settings| settings.dlt = set.dlt);
                Ok(())
            }
            NGM_NETFLOW_SETIFINDEX => {
                let set: ng_netflow_setifindex = exactly(args)?;
                let iface = self.connected(set.iface)?;
                iface.set(|settings| settings.index = set.index);
                Ok(())
            }
            NGM_NETFLOW_SETTIMEOUTS => {
                let set: ng_netflow_settimeouts = exactly(args)?;
                self.engine
                    .set_timeouts(set.inactive_timeout, set.active_timeout);
                Ok(())
            }
            NGM_NETFLOW_SETCONFIG => {
                let set: ng_netflow_setconfig = exactly(args)?;
                if u32::from(set.iface) >= NG_NETFLOW_MAXIFACES {
                    return Err(EINVAL);
                }
                // As in base: an interface may be configured before its hook
                // is connected.
                let iface = self.make_iface(set.iface)?;
                iface.set(|settings| settings.conf = set.conf);
                Ok(())
            }
            NGM_NETFLOW_SETTEMPLATE => {
                let set: ng_netflow_settemplate = exactly(args)?;
                self.set_v9_settings(v9::Settings {
                    template_secs: set.time,
                    template_datagrams: set.packets,
                    ..self.v9_settings()
                });
                Ok(())
            }
            NGM_NETFLOW_SETMTU => {
                let set: ng_netflow_setmtu = exactly(args)?;
                if !v9::Settings::MTUS.contains(&set.mtu) {
                    return Err(EINVAL);
                }
                self.set_v9_settings(v9::Settings {
                    mtu: set.mtu,
                    ..self.v9_settings()
                });
                Ok(())
            }
            NGM_NETFLOW_V9INFO => answer(reply, &self.v9info()),
            _ => Err(EINVAL),
        }
    }

    fn v9info(&self) -> ng_netflow_v9info {
        let settings = self.v9_settings();
        ng_netflow_v9info {
            templ_packets: settings.template_datagrams,
            templ_time: settings.template_secs,
            mtu: settings.mtu,
        }
    }

    /// The interface whose hook `ifaceN` is connected.
    fn connected(&self, number: u16) -> Result<&Iface<K>, Errno> {
        let iface = self.ifaces.get(number).ok_or(EINVAL)?;
        iface.hook().get().map(|_| iface).ok_or(EINVAL)
    }

    fn info(&self) -> ng_netflow_info {
        let (v4, v6) = (self.engine.v4().counts(), self.engine.v6().counts());
        let (skipped4, skipped6) = (self.engine.skipped4(), self.engine.skipped6());
        let (inactive, active) = self.engine.timeouts();
        ng_netflow_info {
            nfinfo_bytes: v4.octets,
            nfinfo_packets: v4.packets,
            nfinfo_bytes6: v6.octets,
            nfinfo_packets6: v6.packets,
            nfinfo_sbytes: skipped4.octets,
            nfinfo_spackets: skipped4.packets,
            nfinfo_sbytes6: skipped6.octets,
            nfinfo_spackets6: skipped6.packets,
            nfinfo_act_exp: v4.active_expiries.wrapping_add(v6.active_expiries),
            nfinfo_inact_exp: v4.inactive_expiries.wrapping_add(v6.inactive_expiries),
            nfinfo_used: v4.records as u32,
            nfinfo_used6: v6.records as u32,
            nfinfo_alloc_failed: self.engine.no_memory() as u32,
            nfinfo_export_failed: self.outcome.failed_datagrams(),
            nfinfo_export9_failed: self.outcome9.failed_datagrams(),
            // Packets are read where they lie; none is ever reallocated.
            nfinfo_realloc_mbuf: 0,
            // Base counts a FIB with its first packet, not its first export.
            nfinfo_alloc_fibs: self
                .exported_fibs
                .load(Relaxed)
                .max(u32::from(v4.packets | v6.packets != 0)),
            nfinfo_inact_t: inactive,
            nfinfo_act_t: active,
            ..ng_netflow_info::new_zeroed()
        }
    }
}

fn ifinfo<K: Kpi>(iface: &Iface<K>) -> ng_netflow_ifinfo {
    let settings = iface.settings();
    ng_netflow_ifinfo {
        ifinfo_packets: iface.packets() as u32,
        ifinfo_dlt: settings.dlt,
        ifinfo_index: settings.index,
        conf: settings.conf,
        ..ng_netflow_ifinfo::new_zeroed()
    }
}

/// Arguments that are exactly one structure.
fn exactly<T: FromBytes>(args: &[u8]) -> Result<T, Errno> {
    T::read_from_bytes(args).map_err(|_| EINVAL)
}

/// Answers with one structure.
fn answer<T: IntoBytes + Immutable>(reply: &mut impl Reply, value: &T) -> Result<(), Errno> {
    let bytes = reply.make(size_of::<T>()).ok_or(ENOMEM)?;
    value.write_to(bytes).map_err(|_| ENOMEM)
}
