// SPDX-License-Identifier: BSD-2-Clause
//! The flow cache of a node, read through its SHOW message.
//!
//! A reply holds as many records as fit, and where to go on: ng_netflow(4)'s
//! `hash_id` and `list_id`, both 0 when there is no more. What expires or comes
//! meanwhile may be seen twice or not at all.

use ngctl_rs::{cli::Exit, errno::Errno, Client, Error, Message};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    thread::sleep,
    time::Duration,
};
use sys_bindings::{
    flow6_entry_data, flow_entry_data, in_addr, ngnf_show_header, EINVAL, NGM_NETFLOW_COOKIE,
    NGM_NETFLOW_SHOW,
};
use zerocopy::{FromZeros, IntoBytes};

/// How many replies in a row may lead no further, and how long to leave the
/// node alone after each: it is busy there while a packet is being accounted.
const PATIENCE: u32 = 5000;
const PAUSE: Duration = Duration::from_millis(1);

/// Which of a node's two caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// One record, in host byte order, its interfaces by index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub next_hop: IpAddr,
    pub source_mask: u8,
    pub destination_mask: u8,
    pub source_port: u16,
    pub destination_port: u16,
    pub protocol: u8,
    pub tos: u8,
    pub tcp_flags: u16,
    pub input: u16,
    pub output: u16,
    pub packets: u64,
    pub bytes: u64,
}

/// Why a walk ended early.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The node could not be asked, or its answer not be read.
    #[error(transparent)]
    Request(#[from] Error),
    /// It does not take the very first request: a kernel may have one IP version only.
    #[error(transparent)]
    Refused(Error),
    /// It answered for the other family.
    #[error("asked for the flows of IP version {asked}, was sent those of version {sent}")]
    Version {
        /// What was asked for.
        asked: u8,
        /// What came.
        sent: u8,
    },
    /// It sent the walk back to where it had been.
    #[error("the node goes back from hash {from} to hash {to}")]
    Backwards {
        /// Where the walk was.
        from: u32,
        /// Where it was to go on.
        to: u32,
    },
    /// It stays where it is.
    #[error("the node comes no further than hash {0} in {PATIENCE} replies")]
    Stuck(u32),
    /// Whoever was shown the flows had enough.
    #[error("{}", .0.message)]
    Stopped(Exit),
}

/// Hands `see` the flows of a node, reply by reply.
pub fn walk(
    client: &mut Client,
    path: &str,
    family: Family,
    mut see: impl FnMut(&mut Client, &[Flow]) -> Result<(), Exit>,
) -> Result<(), WalkError> {
    let mut request = ngnf_show_header::new_zeroed();
    request.version = family.version();
    let mut furthest = (0, 0);
    let mut stuck = 0;
    loop {
        let (header, flows) = match ask(client, path, family, &request) {
            Err(WalkError::Request(error @ Error::Errno(Errno(EINVAL)))) if furthest == (0, 0) => {
                return Err(WalkError::Refused(error));
            }
            answer => answer?,
        };
        see(client, &flows).map_err(WalkError::Stopped)?;
        // Base stops at hash 0 alone, and so loses what else is in there.
        if (header.hash_id, header.list_id) == (0, 0) {
            return Ok(());
        }
        if header.hash_id < request.hash_id {
            return Err(WalkError::Backwards {
                from: request.hash_id,
                to: header.hash_id,
            });
        }
        // Within a hash base may go back, and so send records again.
        if (header.hash_id, header.list_id) > furthest {
            furthest = (header.hash_id, header.list_id);
            stuck = 0;
        } else {
            stuck += 1;
            if stuck == PATIENCE {
                return Err(WalkError::Stuck(header.hash_id));
            }
            sleep(PAUSE);
        }
        request.hash_id = header.hash_id;
        request.list_id = header.list_id;
    }
}

/// One request and its reply.
fn ask(
    client: &mut Client,
    path: &str,
    family: Family,
    request: &ngnf_show_header,
) -> Result<(ngnf_show_header, Vec<Flow>), WalkError> {
    let reply = client.call(
        path,
        NGM_NETFLOW_COOKIE,
        NGM_NETFLOW_SHOW,
        request.as_bytes(),
    )?;
    // Before the records: those of the other family have another length.
    let sent = reply.args_as::<ngnf_show_header>()?.version;
    let asked = family.version();
    if sent != asked {
        return Err(WalkError::Version { asked, sent });
    }
    Ok(family.read(&reply)?)
}

impl Family {
    /// The number in the request.
    fn version(self) -> u8 {
        match self {
            Self::Ipv4 => 4,
            Self::Ipv6 => 6,
        }
    }

    fn read(self, reply: &Message) -> Result<(ngnf_show_header, Vec<Flow>), Error> {
        let count = |header: &ngnf_show_header| header.nentries;
        Ok(match self {
            Self::Ipv4 => {
                let (header, entries) = reply.args_as_list::<_, flow_entry_data>(count)?;
                (header, entries.iter().map(Flow::from).collect())
            }
            Self::Ipv6 => {
                let (header, entries) = reply.args_as_list::<_, flow6_entry_data>(count)?;
                (header, entries.iter().map(Flow::from).collect())
            }
        })
    }
}

impl From<&flow_entry_data> for Flow {
    fn from(entry: &flow_entry_data) -> Self {
        // An s_addr is in network byte order, its bytes in memory the address's.
        let address =
            |address: &in_addr| IpAddr::from(Ipv4Addr::from(address.s_addr.to_ne_bytes()));
        Self {
            source: address(&entry.r.r_src),
            destination: address(&entry.r.r_dst),
            next_hop: address(&entry.next_hop),
            source_mask: entry.src_mask,
            destination_mask: entry.dst_mask,
            source_port: u16::from_be(entry.r.ports.dir.s_port),
            destination_port: u16::from_be(entry.r.ports.dir.d_port),
            protocol: entry.r.misc.i.prot,
            tos: entry.r.misc.i.tos,
            tcp_flags: entry.tcp_flags,
            input: entry.r.misc.i.i_ifx,
            output: entry.fle_o_ifx,
            packets: entry.packets,
            bytes: entry.bytes,
        }
    }
}

impl From<&flow6_entry_data> for Flow {
    fn from(entry: &flow6_entry_data) -> Self {
        Self {
            source: Ipv6Addr::from(entry.r.src.r_src6.__u6_addr.__u6_addr8).into(),
            destination: Ipv6Addr::from(entry.r.dst.r_dst6.__u6_addr.__u6_addr8).into(),
            next_hop: Ipv6Addr::from(entry.n.next_hop6.__u6_addr.__u6_addr8).into(),
            source_mask: entry.src_mask,
            destination_mask: entry.dst_mask,
            source_port: u16::from_be(entry.r.ports.dir.s_port),
            destination_port: u16::from_be(entry.r.ports.dir.d_port),
            protocol: entry.r.misc.i.prot,
            tos: entry.r.misc.i.tos,
            tcp_flags: entry.tcp_flags,
            input: entry.r.misc.i.i_ifx,
            output: entry.fle_o_ifx,
            packets: entry.packets,
            bytes: entry.bytes,
        }
    }
}
